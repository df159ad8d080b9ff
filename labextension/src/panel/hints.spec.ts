import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import { Model, Schedule } from '../api/types';
import { modelsIn, schedulesIn } from './hints';

const trans = nullTranslator.load('mlops_jlab');
const NOON = new Date(2026, 10, 24, 12, 0).getTime() / 1000;

const model = (name: string, champion: number, ...versions: number[]): Model =>
  ({
    name,
    versions: versions.map(version => ({
      version,
      aliases: version === champion ? ['champion'] : []
    }))
  }) as unknown as Model;
const schedule = (paused: boolean, ...next: number[]): Schedule =>
  ({ paused, next }) as unknown as Schedule;

describe('the heading of the models', () => {
  it.each([
    [[], 'none'],
    [[model('flights', 3, 4, 3)], 'v4 of flights · v3 champion'],
    [[model('flights', 0, 1)], 'v1 of flights'],
    [[model('flights', 1, 1), model('churn', 0, 2)], '2 models']
  ])('of %j is "%s"', (models, told) => {
    expect(modelsIn({ models, writable: true }, trans)).toBe(told);
  });
});

describe('the heading of the schedules', () => {
  it.each([
    [[], 'none'],
    [[schedule(false, NOON + 8 * 3600)], 'next 20:00, in 8 h'],
    [
      [schedule(false, NOON + 7200), schedule(false, NOON + 3600)],
      'next 13:00, in 60 min'
    ],
    [[schedule(true, NOON + 60)], 'paused'],
    [[schedule(true), schedule(false)], '2 schedules']
  ])('of %j is "%s"', (schedules, told) => {
    expect(schedulesIn({ schedules, writable: true }, NOON, trans)).toBe(told);
  });
});
