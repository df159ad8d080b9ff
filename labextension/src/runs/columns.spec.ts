import { describe, expect, it } from 'vitest';

import { Run } from '../api/types';
import { sparkline } from '../elements/spark';
import {
  cellOf,
  changedTags,
  readTags,
  splitColumn,
  writeTags
} from './columns';

const run: Run = {
  id: 'a',
  number: 1,
  name: 'n',
  experiment: 'e',
  status: 'finished',
  reason: '',
  started: 0,
  ended: 2,
  duration: 1.5,
  parent: '',
  group: '',
  kind: 'run',
  source: '',
  user: 'me',
  note: '',
  deleted: false,
  metrics: { 'two words': 0.123456, odd: 'nan' },
  params: { depth: '3' },
  tags: { team: 'blue' }
};

describe('cellOf', () => {
  it('finds metrics, params, tags and attributes', () => {
    expect(cellOf(run, 'metrics.`two words`')).toBe('0.1235');
    expect(cellOf(run, 'metrics.odd')).toBe('NaN');
    expect(cellOf(run, 'params.depth')).toBe('3');
    expect(cellOf(run, 'tags.team')).toBe('blue');
    expect(cellOf(run, 'duration')).toBe('1.5 s');
    expect(cellOf(run, 'experiment')).toBe('e');
    expect(cellOf(run, 'metrics.none')).toBe('');
  });

  it('splits at the first dot', () => {
    expect(splitColumn('metrics.a.b')).toEqual(['metrics', 'a.b']);
  });
});

describe('sparkline', () => {
  it('fills the box and leaves out what is no number', () => {
    expect(sparkline([0, 'nan', 2, 1], 10, 10)).toBe(
      '0.0,10.0 5.0,0.0 10.0,5.0'
    );
    expect(sparkline([1], 10, 10)).toBe('');
    expect(sparkline([3, 3], 10, 10)).toBe('0.0,10.0 10.0,10.0');
  });
});

describe('tags', () => {
  it('are read as they are written', () => {
    const tags = { team: 'blue', done: '' };
    expect(writeTags(tags)).toBe('team = blue, done');
    expect(readTags(writeTags(tags))).toEqual(tags);
    expect(readTags(' , ')).toEqual({});
  });

  it('that are gone are taken away, and only what changed is sent', () => {
    expect(changedTags({ a: '1', b: '2' }, { b: '3', c: '4' })).toEqual({
      a: null,
      b: '3',
      c: '4'
    });
    expect(changedTags({ a: '1' }, { a: '1' })).toEqual({});
  });
});
