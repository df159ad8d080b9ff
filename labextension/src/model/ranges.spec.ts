import { expect, test } from 'vitest';

import { placed, reach } from './ranges';

const point = (
  at: number | string,
  value: number
): { at: number | string; value: number; low: number; high: number } => ({
  at,
  value,
  low: value - 0.1,
  high: value + 0.1
});

test('a scale has room for all bounds, and leaves out what is not finite', () => {
  const found = reach([
    { value: 0.5, low: null, high: 0.9 },
    { value: 0.2, low: 0.1, high: 0.3 }
  ]);
  expect(found).toEqual({ least: 0.1, most: 0.9 });
});

test('numbers are placed by size, words side by side', () => {
  const numbers = placed([point(1, 0.2), point(2, 0.4), point(9, 0.8)]);
  expect(numbers.x(2) - numbers.x(1)).toBeLessThan(numbers.x(9) - numbers.x(2));
  expect(numbers.y(0.8)).toBeLessThan(numbers.y(0.2));
  const words = placed([point('AA', 0.2), point('EV', 0.4), point('UA', 0.3)]);
  expect(words.x('EV') - words.x('AA')).toBeCloseTo(
    words.x('UA') - words.x('EV')
  );
  expect(words.ends.x).toEqual(['AA', 'UA']);
});

test('a diagonal has one scale for both axes', () => {
  const found = placed([point(0.2, 0.3), point(0.8, 0.7)], true);
  expect(found.ends.x).toEqual(found.ends.y);
});
