import { describe, expect, it } from 'vitest';

import {
  afterOf,
  freeName,
  merged,
  renamed,
  runAfter,
  runFreely,
  split,
  TaggedCell
} from './editing';

const cells: TaggedCell[] = [
  { id: 'a', tags: ['step:load', 'mine'] },
  { id: 'b', tags: ['step:fit', 'after:load'] },
  { id: 'c', tags: ['step:fit', 'gate'] },
  { id: 'd', tags: ['step:plot', 'after:fit', 'after:load'] },
  { id: 'e', tags: undefined }
];

describe('runAfter', () => {
  it('tags the first cell of the step, once', () => {
    expect([...runAfter(cells, 'fit', 'plot')]).toEqual([
      ['b', ['step:fit', 'after:load', 'after:plot']]
    ]);
    expect(runAfter(cells, 'fit', 'load').size).toBe(0);
    expect(runAfter(cells, 'fit', 'fit').size).toBe(0);
  });

  it('is taken back by runFreely', () => {
    expect([...runFreely(cells, 'fit', 'load')]).toEqual([['b', ['step:fit']]]);
    expect(afterOf(cells, 'plot')).toEqual(['fit', 'load']);
  });
});

describe('merged', () => {
  it('makes one of several, with the orders of others', () => {
    expect([...merged(cells, ['load', 'fit'], 'load')]).toEqual([
      ['b', ['step:load']],
      ['c', ['step:load', 'gate']],
      ['d', ['step:plot', 'after:load']]
    ]);
  });
});

describe('split', () => {
  it('gives the later cells another step', () => {
    expect([...split(cells, 'fit', 'c', 'fit-2')]).toEqual([
      ['c', ['step:fit-2', 'gate']]
    ]);
    expect(split(cells, 'fit', 'b', 'fit-2').size).toBe(0);
    expect(split(cells, 'fit', 'a', 'fit-2').size).toBe(0);
  });
});

describe('names', () => {
  it('are changed in steps and orders, and are free', () => {
    expect([...renamed(cells, 'load', 'read')]).toEqual([
      ['a', ['step:read', 'mine']],
      ['b', ['step:fit', 'after:read']],
      ['d', ['step:plot', 'after:fit', 'after:read']]
    ]);
    expect(freeName('fit', ['fit', 'fit-2'])).toBe('fit-3');
    expect(freeName('other', ['fit'])).toBe('other');
  });
});
