import { describe, expect, it } from 'vitest';

import { Trial } from '../api/types';
import { bestSoFar, ranked, shadesOf, valueOf } from './outcome';

function trial(number: number, loss: number, status = 'finished'): Trial {
  return {
    number,
    status,
    metrics: { loss },
    parameters: {}
  } as unknown as Trial;
}

const TRIALS = [trial(1, 3), trial(2, 1), trial(3, 0, 'killed'), trial(4, 2)];

describe('ranked', () => {
  it('puts the best first, by the direction, without those that were pruned', () => {
    const numbers = (minimize: boolean): number[] =>
      ranked(TRIALS, 'loss', minimize).map(one => one.number);
    expect(numbers(true)).toEqual([2, 4, 1]);
    expect(numbers(false)).toEqual([1, 4, 2]);
    expect(valueOf(trial(3, 0, 'killed'), 'loss')).toBeNull();
    expect(shadesOf(ranked(TRIALS, 'loss', true)).get(2)).toBe(5);
  });
});

describe('bestSoFar', () => {
  it('steps where a trial is better than all before', () => {
    expect(bestSoFar(TRIALS, 'loss', true)).toEqual([
      { number: 1, value: 3 },
      { number: 2, value: 1 }
    ]);
  });
});
