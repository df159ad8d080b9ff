import { describe, expect, it } from 'vitest';

import { ScheduleDetail } from '../api/types';
import { cronOf, missing, usual, wishOf, writtenOf } from './wish';

describe('wishOf', () => {
  it('asks for the kind of time that was chosen and no other', () => {
    const written = { ...usual(), tz: 'Europe/Berlin' };
    expect(wishOf(written)).toMatchObject({
      cron: '0 3 * * *',
      every: '',
      data: [],
      tz: 'Europe/Berlin',
      promote: 'champion'
    });
    expect(wishOf({ ...written, kind: 'every' })).toMatchObject({
      cron: '',
      every: '6h'
    });
  });

  it('takes several files and no empty ones', () => {
    const written = { ...usual(), data: ' a.csv, data ,,' };
    expect(wishOf({ ...written, kind: 'data' }).data).toEqual([
      'a.csv',
      'data'
    ]);
  });

  it('promotes nothing where that is not wanted', () => {
    const wish = wishOf({ ...usual(), promote: false, approve: true });
    expect(wish).toMatchObject({ promote: '', approve: false });
  });

  it('leaves parameters out that keep their defaults', () => {
    const parameters = { depth: ' ', month: '{due:%Y-%m}' };
    expect(wishOf({ ...usual(), parameters }).parameters).toEqual({
      month: '{due:%Y-%m}'
    });
  });
});

describe('cronOf and writtenOf', () => {
  const KEPT = {
    ...usual(),
    every: '',
    data: [],
    on_drift: '',
    gate: [],
    alerts: [],
    alert_on: [],
    promote: '',
    catch_up: 'once'
  } as unknown as ScheduleDetail;

  it.each([
    ['0 3 * * *', 'daily'],
    ['30 4 * * 1,2,3', 'daily'],
    ['0 3 * * 5', 'weekly'],
    ['15 22 L * *', 'monthly'],
    ['0 3 1 * *', 'monthly'],
    ['*/5 * * * *', 'cron'],
    ['0 3 1 * 5', 'cron']
  ])('say %s as %s and back', (cron, kind) => {
    const written = writtenOf({ ...KEPT, cron });
    expect(written.kind).toBe(kind);
    expect(cronOf(written)).toBe(cron);
  });

  it('keep distances and data', () => {
    const every = writtenOf({ ...KEPT, cron: '', every: '15min' });
    expect(wishOf(every)).toMatchObject({ cron: '', every: '15min' });
    expect(writtenOf({ ...KEPT, cron: '', data: ['in'] }).kind).toBe('data');
  });

  it('keep data beside a time, until somebody takes them away', () => {
    const both = writtenOf({ ...KEPT, cron: '0 3 * * *', data: ['in', 'b'] });
    expect(both.kind).toBe('daily');
    expect(wishOf(both)).toMatchObject({
      cron: '0 3 * * *',
      data: ['in', 'b']
    });
    expect(wishOf({ ...both, alsoData: false }).data).toEqual([]);
    const every = writtenOf({ ...KEPT, cron: '', every: '6h', data: ['in'] });
    expect(wishOf(every)).toMatchObject({ every: '6h', data: ['in'] });
    const alone = writtenOf({ ...KEPT, cron: '', data: ['in'] });
    expect(wishOf({ ...alone, kind: 'daily' }).data).toEqual([]);
  });

  it('keep the model that drifts, alone and beside a time', () => {
    const alone = writtenOf({ ...KEPT, cron: '', on_drift: 'flights' });
    expect(alone.kind).toBe('drift');
    expect(wishOf(alone)).toMatchObject({ cron: '', on_drift: 'flights' });
    const both = writtenOf({ ...KEPT, cron: '0 3 * * *', on_drift: 'flights' });
    expect(both.kind).toBe('daily');
    expect(wishOf(both)).toMatchObject({
      cron: '0 3 * * *',
      on_drift: 'flights'
    });
  });
});

describe('missing', () => {
  it('says what has to be written first', () => {
    expect(missing(usual())).toBe('');
    expect(missing({ ...usual(), days: [] })).toBe('days');
    expect(missing({ ...usual(), at: '' })).toBe('time');
    expect(missing({ ...usual(), kind: 'data' })).toBe('data');
    expect(missing({ ...usual(), kind: 'drift' })).toBe('model');
  });
});
