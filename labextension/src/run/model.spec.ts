import { describe, expect, it } from 'vitest';

import { RunDetail } from '../api/types';
import { commandOf, relative } from './environment';
import { isLike } from './model';

const run = (experiment: string, own: object, ...parts: object[]): RunDetail =>
  ({
    experiment,
    metrics: own,
    children: parts.map(metrics => ({ metrics }))
  }) as unknown as RunDetail;

describe('a run can be measured by the baseline', () => {
  it.each([
    ['of its experiment', run('a', {}), run('a', {}), true],
    [
      'with a metric in common',
      run('a', { auc: 1 }),
      run('b', { auc: 2 }),
      true
    ],
    ['whose step has it', run('a', { auc: 1 }), run('b', {}, { auc: 2 }), true],
    [
      'that has nothing in common',
      run('a', { auc: 1 }),
      run('b', { f1: 2 }),
      false
    ]
  ])('%s: %#', (_, one, other, like) => {
    expect(isLike(one, other)).toBe(like);
  });
});

describe('what a run was executed with', () => {
  it('is told from its folder', () => {
    expect(relative('/home/a/b/n.ipynb', '/home/a')).toBe('b/n.ipynb');
    expect(relative('/home/ab/n.ipynb', '/home/a')).toBe('/home/ab/n.ipynb');
    expect(relative('/x', undefined)).toBe('/x');
  });

  it('is a command as it is typed', () => {
    expect(
      commandOf(['/opt/site/mlops_jlab/__main__.py', 'run', 'n.ipynb'])
    ).toBe('mlops-jlab run n.ipynb');
    expect(commandOf(['train.py', 1])).toBe('train.py 1');
    expect(commandOf([])).toBe('');
  });
});
