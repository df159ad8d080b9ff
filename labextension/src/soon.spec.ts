import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Soon } from './soon';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test('many wishes at once are one', async () => {
  let count = 0;
  const soon = new Soon(async () => void count++);
  soon.ask();
  soon.ask();
  expect(count).toBe(0);
  await vi.advanceTimersByTimeAsync(1000);
  expect(count).toBe(1);
});

test('a wish that comes meanwhile is not lost', async () => {
  let store = 1;
  let shown = 0;
  const soon = new Soon(async () => {
    const found = store;
    await new Promise(resolve => setTimeout(resolve, 500));
    shown = found;
  });
  soon.ask();
  await vi.advanceTimersByTimeAsync(400); // it has looked, and has not answered
  store = 2;
  soon.ask();
  await vi.advanceTimersByTimeAsync(2000);
  expect(shown).toBe(2);
  store = 3;
  soon.ask();
  await vi.advanceTimersByTimeAsync(2000);
  expect(shown).toBe(3);
});
