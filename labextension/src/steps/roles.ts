/** From cell tags to the role of a cell, and from a step's name to its colour. */

import { Role } from '../tokens';

const STEP = /^step:([a-z][a-z0-9_-]*)$/;

/** How many hues the palette in `style/marks.css` has. */
export const HUES = 7;

/**
 * The role that a cell's tags give it, or `null` for a cell that is in no step.
 *
 * @param tags - `cell.metadata.tags` as found in the file; anything but a list of strings has no role.
 */
export function roleOf(tags: unknown): Role | null {
  if (!Array.isArray(tags)) {
    return null;
  }
  const words = tags.filter((tag): tag is string => typeof tag === 'string');
  const names = [
    ...new Set(words.map(tag => STEP.exec(tag)?.[1] ?? '').filter(Boolean))
  ];
  const [name] = names;
  if (names.length > 1) {
    return { kind: 'conflict', names };
  }
  if (name !== undefined) {
    return { kind: 'step', name, gate: words.includes('gate') };
  }
  if (words.includes('parameters')) {
    return { kind: 'parameters' };
  }
  return words.includes('setup') ? { kind: 'setup' } : null;
}

/** The hue of each step, in the order in which the steps first appear: neighbours never look alike. */
export function huesOf(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(
    [...new Set(names)].map((name, place) => [name, place % HUES])
  );
}
