import { describe, expect, it } from 'vitest';

import { Trial } from '../api/types';
import {
  axisOf,
  bestSoFar,
  ranked,
  shadesOf,
  turned,
  valueOf
} from './outcome';

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

describe('axisOf', () => {
  it('lays numbers out by size or logarithm, and words in order', () => {
    expect(axisOf('x', [0, 10], false, String).at(5)).toBe(0.5);
    expect(axisOf('x', [1, 100], true, String).at(10)).toBeCloseTo(0.5);
    expect(axisOf('x', [0, 100], true, String).isLog).toBe(false);
    const ticks = axisOf('x', [7, 127], false, String).ticks;
    expect(ticks.map(tick => tick.text)).toEqual(['7', '47', '87', '127']);
    expect(turned(axisOf('x', [0, 10], false, String)).at(0)).toBe(1);
    expect(axisOf('x', [3, 3], false, String).at(3)).toBe(0.5);
    const words = axisOf('x', ['b', 'a'], false, String);
    expect([words.at('a'), words.at('b'), words.at('c')]).toEqual([
      0.25,
      0.75,
      null
    ]);
    expect(axisOf('x', [0, 1], false, String).at(undefined)).toBeNull();
  });
});
