import { describe, expect, it } from 'vitest';

import { usual, wishOf } from './wish';

describe('wishOf', () => {
  it('asks for the kind of time that was chosen and no other', () => {
    const written = { ...usual(), tz: 'Europe/Berlin' };
    expect(wishOf(written)).toEqual({
      cron: '0 3 * * *',
      tz: 'Europe/Berlin',
      pin: false,
      catch_up: 'once',
      alerts: [],
      promote: 'champion',
      approve: false
    });
    expect(wishOf({ ...written, kind: 'every' })).toMatchObject({
      every: '6h'
    });
    expect(wishOf({ ...written, kind: 'every' })).not.toHaveProperty('cron');
  });

  it('takes several files and no empty ones', () => {
    const written = { ...usual(), data: ' a.csv, data ,,' };
    expect(wishOf({ ...written, kind: 'data' })).toMatchObject({
      data: ['a.csv', 'data']
    });
  });

  it('promotes nothing where that is not wanted', () => {
    const wish = wishOf({ ...usual(), promote: false, approve: true });
    expect(wish).not.toHaveProperty('promote');
    expect(wish).not.toHaveProperty('approve');
  });
});
