import { describe, expect, it } from 'vitest';

import { drawable, smooth, together, usualSmoothing } from './courses';

describe('courses', () => {
  it('leaves gaps where there is no number', () => {
    expect(drawable([1, 'nan', 'inf', -2])).toEqual([1, null, null, -2]);
  });

  it('smooths over gaps and not at all with weight 0', () => {
    expect(smooth([0, null, 1], 0.5)).toEqual([0, null, 0.5]);
    expect(smooth([0, 1], 0)).toEqual([0, 1]);
  });

  it('are smoothed from the start where one of them is long', () => {
    const course = (count: number): Parameters<typeof usualSmoothing>[0] => [
      { id: 'a', places: [], times: [], values: Array(count).fill(1) }
    ];
    expect(usualSmoothing(course(80))).toBeGreaterThan(0);
    expect(usualSmoothing(course(5))).toBe(0);
    expect(usualSmoothing([])).toBe(0);
  });

  it('lines runs up on one axis', () => {
    expect(
      together([
        { iterations: [0, 2], values: [1, 3] },
        { iterations: [1, 2], values: [5, 6] }
      ])
    ).toEqual([
      [0, 1, 2],
      [1, undefined, 3],
      [undefined, 5, 6]
    ]);
  });
});
