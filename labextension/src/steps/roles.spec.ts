import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { HUES, huesOf, roleOf } from './roles';

/** The table that the Python tests read as well: both languages see the same role. */
const golden = JSON.parse(
  readFileSync(
    new URL('../../../tests/data/roles.json', import.meta.url),
    'utf8'
  )
) as { tags: unknown; role: unknown }[];

describe('roleOf', () => {
  it.each(golden)('reads $tags as the Python package does', entry => {
    expect(roleOf(entry.tags)).toEqual(entry.role);
  });
});

describe('huesOf', () => {
  it('goes by the order of steps, whatever they are called', () => {
    const hues = huesOf(['load', 'load', 'fit', 'load', 'judge']);
    expect([...hues]).toEqual([
      ['load', 0],
      ['fit', 1],
      ['judge', 2]
    ]);
  });

  it('begins again after the last hue', () => {
    const names = Array.from({ length: HUES + 1 }, (_, n) => `step-${n}`);
    expect(huesOf(names).get(`step-${HUES}`)).toBe(0);
  });
});
