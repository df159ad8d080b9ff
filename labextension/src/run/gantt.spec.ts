import { describe, expect, it } from 'vitest';

import { StepState } from '../api/types';
import { barsOf, restOf } from './gantt';

const step = (name: string, started: number, duration: number): StepState =>
  ({ name, started, duration }) as unknown as StepState;

describe('the time that no step has taken', () => {
  it('is told before the first step and after the last one', () => {
    const [bars, whole] = barsOf(100, 120, [step('a', 102, 8)], 120);
    expect(restOf(bars, whole)).toEqual([
      { start: 0, length: 0.1, isEnd: false },
      { start: 0.5, length: 0.5, isEnd: true }
    ]);
  });

  it.each([
    ['a moment', 100.1, 19.8],
    ['a small part', 100.5, 19.5]
  ])('is not told of %s', (_, started, duration) => {
    const [bars, whole] = barsOf(100, 120, [step('a', started, duration)], 120);
    expect(restOf(bars, whole)).toEqual([]);
  });

  it('is not told before there are steps', () => {
    expect(restOf([], 10)).toEqual([]);
  });
});
