import { describe, expect, it } from 'vitest';

import { Run } from '../api/types';
import {
  bandsOf,
  filterOf,
  isNumber,
  numbersOf,
  readView,
  telling,
  USUAL,
  withCourse
} from './query';

describe('the params of a table', () => {
  it('hold a parameter that one run alone was given, beside its default', () => {
    const runs = [
      { metrics: {}, params: { lr: '0.01' }, defaults: { epochs: '30' } },
      { metrics: {}, params: {}, defaults: { lr: '0.1', epochs: '30' } }
    ] as unknown as Run[];
    const columns = telling(runs);
    expect(columns).toContain('params.lr');
    expect(columns).not.toContain('params.epochs');
    expect([...numbersOf(runs)]).toContain('params.lr');
  });
});

describe('the columns of a table', () => {
  it('hold numbers where every value of a param is one', () => {
    const runs = [
      { params: { lr: '3e-4', depth: '3', 'my size': '1' } },
      { params: { lr: '0.1', depth: 'none', empty: ' ' } }
    ] as unknown as Run[];
    expect([...numbersOf(runs)]).toEqual(['params.lr', 'params.`my size`']);
    expect(isNumber('metrics.loss')).toBe(true);
    expect(isNumber('note')).toBe(false);
  });

  it('begin with the params that differ most, and end with seeds', () => {
    const runs = [1, 2, 3, 4, 5].map(n => ({
      metrics: { 'train/loss': n, 'val/loss': n, auc: n },
      params: {
        batch: String(n % 2),
        seed: String(n),
        lr: String(n % 3),
        same: 'x',
        depth: String(n),
        ...(n < 3 && { rare: String(n) })
      },
      note: ''
    })) as unknown as Run[];
    const columns = telling(runs);
    expect(columns.filter(column => column.startsWith('params.'))).toEqual([
      'params.depth',
      'params.lr',
      'params.batch',
      'params.rare',
      'params.seed'
    ]);
    expect(columns.filter(column => column.startsWith('metrics.'))).toEqual([
      'metrics.val/loss',
      'metrics.auc'
    ]);
  });

  it('stand below what they are: metrics, parameters, tags', () => {
    const columns = ['name', 'started', 'metrics.auc', 'metrics.loss'];
    expect(bandsOf([...columns, 'params.lr', 'note', 'tags.team'])).toEqual([
      { kind: '', count: 2 },
      { kind: 'metrics', count: 2 },
      { kind: 'params', count: 1 },
      { kind: '', count: 1 },
      { kind: 'tags', count: 1 }
    ]);
  });

  it('draw the course of the first metric and of the one that sorts', () => {
    const columns = ['started', 'metrics.auc', 'metrics.loss', 'params.lr'];
    const by = (column: string): readonly string[] =>
      withCourse(columns, { column, descending: true });
    expect(by('')).toEqual(['metrics.auc']);
    expect(by('params.lr')).toEqual(['metrics.auc']);
    expect(by('metrics.loss')).toEqual(['metrics.auc', 'metrics.loss']);
  });
});

describe('a table that was never changed', () => {
  it('leaves out what monitoring has looked at', () => {
    expect(filterOf(USUAL.conditions)).toBe("(kind != 'monitor')");
    expect(readView(undefined)).toBe(USUAL);
    expect(readView({ search: 'all' }).conditions).toEqual([]);
  });
});
