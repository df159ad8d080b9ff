import { describe, expect, it } from 'vitest';

import { KEPT, textOf, usual, wishOf, withValues } from './wish';

describe('textOf', () => {
  it('writes values and ranges as the server reads them', () => {
    expect(textOf(KEPT)).toBe('');
    expect(textOf({ ...KEPT, mode: 'values', values: ['3', '5'] })).toBe('3,5');
    const range = { ...KEPT, mode: 'range' as const, low: '1e-4', high: '1' };
    expect(textOf(range)).toBe('1e-4..1');
    expect(textOf({ ...range, log: true })).toBe('1e-4..1:log');
    expect(textOf({ ...range, high: ' ' })).toBe('');
  });
});

describe('wishOf', () => {
  it('asks for trials only where some are drawn, and for a direction only with a metric', () => {
    expect(wishOf(usual())).toEqual({ values: {}, search: 'grid' });
    const drawn = { ...usual(), search: 'bayes' as const, metric: 'loss' };
    expect(wishOf({ ...drawn, minimize: true })).toEqual({
      values: {},
      search: 'bayes',
      trials: 20,
      metric: 'loss',
      minimize: true,
      prune: false
    });
  });

  it('asks for trials side by side where there is a number of them', () => {
    expect(wishOf({ ...usual(), parallel: '4' })).toEqual({
      values: {},
      search: 'grid',
      parallel: 4
    });
    expect(wishOf({ ...usual(), parallel: '-2' })).not.toHaveProperty(
      'parallel'
    );
  });
});

describe('withValues', () => {
  it('takes one or several, each once', () => {
    expect(withValues(['3'], '5, 8,3,')).toEqual(['3', '5', '8']);
  });
});
