import { describe, expect, it } from 'vitest';

import { Run } from '../api/types';
import { filterOf, isNumber, numbersOf, readView, USUAL } from './query';

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
});

describe('a table that was never changed', () => {
  it('leaves out what monitoring has looked at', () => {
    expect(filterOf(USUAL.conditions)).toBe("(kind != 'monitor')");
    expect(readView(undefined)).toBe(USUAL);
    expect(readView({ search: 'all' }).conditions).toEqual([]);
  });
});
