import { describe, expect, it } from 'vitest';

import { isSeen } from './sight';

const SIZE = { width: 100, height: 40 };
const PLACES = [
  { x: 0, y: 0 },
  { x: 400, y: 300 }
];

describe('a graph', () => {
  it('is in sight as long as one of its steps is seen whole', () => {
    const seen = (x: number, width: number): boolean =>
      isSeen(PLACES, SIZE, { x, y: 10, zoom: 1, width, height: 400 });
    expect(seen(0, 900)).toBe(true);
    expect(seen(-300, 900)).toBe(true); // the second one
    expect(seen(300, 240)).toBe(false); // the window has become narrow
    expect(seen(180, 240)).toBe(false); // only a part of the first one
  });

  it('is in sight also where it is small', () => {
    const window = { x: 180, y: 0, zoom: 0.5, width: 240, height: 100 };
    expect(isSeen(PLACES, SIZE, window)).toBe(true);
  });
});
