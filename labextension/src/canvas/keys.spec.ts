import { describe, expect, it } from 'vitest';

import { neighbour } from './keys';

const plan = {
  places: [
    { name: 'load', x: 100, y: 0 },
    { name: 'left', x: 0, y: 100 },
    { name: 'right', x: 200, y: 100 },
    { name: 'end', x: 100, y: 200 }
  ],
  ways: []
};

describe('neighbour', () => {
  it.each([
    ['load', 'ArrowDown', 'left'],
    ['left', 'ArrowRight', 'right'],
    ['right', 'ArrowLeft', 'left'],
    ['end', 'ArrowUp', 'left'],
    ['load', 'ArrowUp', 'load'],
    [undefined, 'ArrowDown', 'load'],
    ['gone', 'ArrowUp', 'load']
  ])('of %s by %s is %s', (from, key, to) => {
    expect(neighbour(plan, from, key)).toBe(to);
  });

  it('is none for other keys', () => {
    expect(neighbour(plan, 'load', 'Enter')).toBeUndefined();
  });
});
