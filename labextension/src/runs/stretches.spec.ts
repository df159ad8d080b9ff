import { describe, expect, it } from 'vitest';

import { banded, isCrowded } from './stretches';

describe('banded', () => {
  it('gives lines the same stretches, each with its least, greatest and mean value', () => {
    const places = [0, 1, 2, 3, 4];
    const [one, other] = banded(
      [
        { places, values: [1, 3, 5, null, 4] },
        { places: [4], values: [7] }
      ],
      2
    );
    expect(one?.places).toEqual([1, 3]);
    expect(one?.values).toEqual([2, 4.5]);
    expect(one?.low).toEqual([1, 4]);
    expect(one?.high).toEqual([3, 5]);
    expect(other?.places).toEqual([3]);
    expect(other?.values).toEqual([7]);
  });

  it('keeps a gap as a gap, and lives with a single place', () => {
    const [found] = banded([{ places: [5, 5], values: [null, null] }], 3);
    expect(found?.values).toEqual([null]);
    expect(banded([{ places: [], values: [] }])[0]?.places).toEqual([]);
  });

  it('is for more points than a chart can tell apart', () => {
    const places = Array.from({ length: 1000 }, (_, n) => n);
    expect(isCrowded([{ places, values: places }])).toBe(true);
    expect(isCrowded([{ places: [1], values: [1] }])).toBe(false);
  });
});
