import { describe, expect, it } from 'vitest';

import { axisOf, isWide, turned } from './axes';

describe('axisOf', () => {
  it('lays numbers out by size or logarithm, and words in order', () => {
    expect(axisOf('x', [0, 10], false, String).at(5)).toBe(0.5);
    expect(axisOf('x', [1, 100], true, String).at(10)).toBeCloseTo(0.5);
    expect(axisOf('x', [0, 100], true, String).isLog).toBe(false);
    const ticks = axisOf('x', [7, 9, 20, 30, 51, 90, 127], false, String).ticks;
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

  it('writes each of a few values, and never one over another', () => {
    const texts = (values: number[]): string[] =>
      axisOf('x', values, false, String).ticks.map(tick => tick.text);
    expect(texts([256, 32, 64, 256, 128])).toEqual(['32', '64', '128', '256']);
    expect(texts([0, 1, 50, 99, 100])).toEqual(['0', '50', '100']);
  });

  it('knows which numbers are better told apart by their logarithm', () => {
    expect(isWide([0.0003, 0.01])).toBe(true);
    expect(isWide([32, 256])).toBe(false);
    expect(isWide([0, 1000])).toBe(false);
  });
});
