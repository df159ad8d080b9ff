import { describe, expect, it } from 'vitest';

import { heightsIn } from './room';

describe('the sections of the panel', () => {
  it.each([
    [
      'what the pipeline needs, the runs the rest',
      600,
      200,
      [false, false, true, true],
      [208, 392, 0, 0]
    ],
    [
      'a large pipeline no more than its share',
      600,
      2000,
      [false, false, true, true],
      [372, 228, 0, 0]
    ],
    [
      'an empty pipeline a little',
      600,
      0,
      [false, false, true, true],
      [96, 504, 0, 0]
    ],
    [
      'three open ones share what is left',
      600,
      192,
      [false, false, false, true],
      [200, 200, 200, 0]
    ],
    ['one alone has all', 600, 100, [false, true, true, true], [600, 0, 0, 0]],
    [
      'a folded pipeline nothing',
      600,
      100,
      [true, false, true, true],
      [0, 600, 0, 0]
    ]
  ])('get %s', (_, room, wanted, folded, heights) => {
    expect(heightsIn(room, wanted, folded)).toEqual(heights);
  });
});
