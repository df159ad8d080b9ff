import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import { placeOf } from './finding';

describe('the place of a finding', () => {
  const trans = nullTranslator.load('mlops-jlab');

  it('is said as people say it', () => {
    const said = (cell: number, line: number): string =>
      placeOf({ severity: 'error', cell, line }, trans);
    expect(said(3, 1)).toBe('Error in cell 3, line 1');
    expect(said(3, 0)).toBe('Error in cell 3');
    expect(said(0, 0)).toBe('Error');
  });
});
