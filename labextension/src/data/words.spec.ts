import { expect, test } from 'vitest';

import { Bins } from '../api/types';
import {
  missingOf,
  namesOf,
  percent,
  roundAbove,
  roundTicks,
  valueOf
} from './words';

const BINS: Bins = {
  labels: [],
  edges: [0, 1, 2],
  shares: [[0.5, 0.5]],
  beyond: [false, true],
  lengths: false,
  time: false
};

test('bins are called by their labels, or by their edges', () => {
  expect(namesOf({ ...BINS, labels: ['a', 'b'] })).toEqual(['a', 'b']);
  expect(namesOf(BINS)).toEqual(['0 – 1', '≥ 1']);
  expect(namesOf({ ...BINS, edges: [] })).toEqual([]);
});

test('times are as fine as their range asks for', () => {
  expect(valueOf(0, true)).toBe('01-01 00:00');
  expect(valueOf(0, true, 1e7)).toBe('1970-01-01');
  expect(valueOf(null, false)).toBe('');
});

test('shares and axes are round', () => {
  expect([0, 0.0001, 0.003, 0.41, 1].map(percent)).toEqual([
    '0 %',
    '< 0.1 %',
    '0.3 %',
    '41 %',
    '100 %'
  ]);
  expect([0.37, 0.11, 0.9, 1].map(roundAbove)).toEqual([0.4, 0.2, 1, 1]);
  expect(roundTicks(0.426, 0.968, 4)).toEqual([0.4, 0.6, 0.8, 1]);
  expect(roundTicks(5, 5, 4)).toEqual([4, 6]);
  expect(missingOf({ missing: 1, rows: 4 })).toBe(0.25);
  expect(missingOf({ missing: 0, rows: 0 })).toBe(0);
});
