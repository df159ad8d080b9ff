import { readFileSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { HUES, hueOf, roleOf } from './roles';

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

describe('hueOf', () => {
  it('gives one name one colour', () => {
    expect(hueOf('train')).toBe(hueOf('train'));
  });

  it('stays within the palette and uses all of it', () => {
    const hues = new Set(
      Array.from({ length: 200 }, (_, i) => hueOf(`step-${i}`))
    );
    expect([...hues].sort()).toEqual(Array.from({ length: HUES }, (_, i) => i));
  });
});
