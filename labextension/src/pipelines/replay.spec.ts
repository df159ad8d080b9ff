import { describe, expect, it } from 'vitest';

import { stepOf } from './replay';

describe('the notebook of one step', () => {
  it('is known by its metadata', () => {
    const debug = { run: '/runs/one', step: 'train', cell: 'c3' };
    expect(stepOf({ debug })).toBe('train');
  });

  it('is no other notebook', () => {
    for (const metadata of [undefined, null, {}, { debug: {} }, 'text']) {
      expect(stepOf(metadata)).toBeUndefined();
    }
  });
});
