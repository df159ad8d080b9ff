import { describe, expect, it } from 'vitest';

import { Run } from '../api/types';
import {
  calledAs,
  difference,
  isOpen,
  mainMetric,
  markOf,
  number,
  took
} from './words';

const run = {
  started: 100,
  ended: null,
  duration: null,
  metrics: { acc: 0.123456, n: 1234567, odd: 'nan', more: 1 }
} as unknown as Run;

describe('words', () => {
  it('shortens numbers and keeps what is none', () => {
    expect([0.123456, 1234567, 1e21, 'inf', null].map(number)).toEqual([
      '0.1235',
      '1,234,567',
      '1e+21',
      '∞',
      ''
    ]);
  });

  it('knows which runs go on, and has a mark for each status', () => {
    const all = [
      'pending',
      'running',
      'finished',
      'failed',
      'killed',
      'blocked'
    ] as const;
    expect(all.filter(isOpen)).toEqual(['pending', 'running']);
    expect(all.map(markOf)).toEqual(['○', '●', '✓', '✗', '✗', '⊘']);
  });

  it('says how long a run took or has been running', () => {
    expect(took(run, 130)).toBe('30.0 s');
    expect(took({ ...run, duration: 3725 }, 0)).toBe('1 h 2 min');
    expect(took({ ...run, duration: 59.97 }, 0)).toBe('1 min 0 s');
    expect(took({ ...run, duration: 65 }, 0)).toBe('1 min 5 s');
    expect(took(run, 50)).toBe('0 ms');
  });

  it('tells a difference no finer than both numbers are written', () => {
    expect(difference(0.05002, 1.093)).toBe('1.043');
    expect(difference(-0.0007553, -2.404)).toBe('2.403');
    expect(difference(0.8596, 0.8412)).toBe('0.0184');
    expect(difference(1, 0.85)).toBe('0.15');
  });

  it('knows the metric that most runs have', () => {
    const few = { ...run, metrics: { n: 1 } };
    expect(mainMetric([run, few, few])).toBe('n');
    expect(mainMetric([run])).toBe('acc');
    expect(mainMetric([])).toBe('');
  });
});

describe('what a run is called', () => {
  it.each([
    ['tumour-triage-20261130-020259-85b2', 'tumour-triage'],
    ['flights-2026-11-30T03-00-00-00-00', 'flights'],
    ['flights-2026-11-30T03-00-00', 'flights'],
    ['flights-2026', 'flights-2026'],
    ['lr 0.003', 'lr 0.003']
  ])('%s → %s', (name, called) => {
    expect(calledAs({ name })).toBe(called);
  });
});
