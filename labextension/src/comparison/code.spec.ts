import { describe, expect, it } from 'vitest';

import { Run } from '../api/types';
import { cellsApart } from './code';
import { DURATION, withDurations } from './lines';

describe('the cells in which two runs differ', () => {
  it.each([
    ['none', ['a', 'b'], ['a', 'b'], 0],
    ['one that was changed', ['a', 'b'], ['a', 'c'], 1],
    ['one that was added', ['a'], ['a', 'b'], 1],
    ['one that was there twice', ['a', 'a'], ['a'], 1],
    ['all', ['a', 'b'], [], 2]
  ])('are %s', (_, one, other, count) => {
    expect(cellsApart(one, other)).toBe(count);
  });
});

describe('how long runs took', () => {
  const run = (duration: number | null): Run => ({ duration }) as Run;

  it('is a line of the comparison, after the metrics', () => {
    const line = { kind: 'param' as const, name: 'lr', differs: false };
    const lines = withDurations({
      runs: [run(1.5), run(null)],
      lines: [{ ...line, values: [1, 1] }]
    });
    expect(lines.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      `metric ${DURATION}`,
      'param lr'
    ]);
    expect(lines[0]).toMatchObject({ values: [1.5, null], differs: true });
  });

  it('leaves a metric of that name alone', () => {
    const own = { kind: 'metric' as const, name: DURATION, differs: false };
    const lines = [{ ...own, values: [3, 3] }];
    expect(withDurations({ runs: [run(1), run(2)], lines })).toEqual(lines);
  });
});
