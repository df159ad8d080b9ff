import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import { ColumnDrift, MonitoringHistory, MonitoringWindow } from '../api/types';
import {
  happenedIn,
  lastingOf,
  levelOf,
  movedBy,
  toldOf,
  verdictOf
} from './story';

const trans = nullTranslator.load('mlops_jlab');

function cell(effect: number, drifted: boolean, test = 'ks'): ColumnDrift {
  return { name: 'a', test, effect, needed: 0.1, p: 0, drifted, why: '' };
}

function window(
  at: number,
  drifted: string[],
  action: MonitoringWindow['action'] = 'nothing',
  over: boolean | null = null
): MonitoringWindow {
  return {
    id: at + 1,
    at: at * 7 * 86_400,
    version: 1,
    run: '',
    rows: 10,
    source: '',
    action,
    why: '',
    drifted,
    kept: true,
    loss:
      over === null
        ? null
        : {
            metric: 'log_loss',
            value: 1,
            low: 1,
            high: 1,
            rows: 1,
            at_test: 0.5,
            limit: 0.6,
            over
          },
    cells: []
  };
}

function history(windows: MonitoringWindow[]): MonitoringHistory {
  return {
    name: 'm',
    versions: [],
    has_reference: true,
    columns: ['a'],
    left_out: 0,
    windows,
    policy: { cooldown: 1, per_week: 1, min_rows: 1 },
    standing: { gathered: 0, last: null, until: 0, lately: 0 },
    moves: [],
    schedules: [],
    writable: true
  };
}

describe('the story of a watched model', () => {
  it('calls a column drifted only where its test said so', () => {
    expect(levelOf(cell(0.04, false))).toBe('none');
    expect(levelOf(cell(0.06, false))).toBe('some');
    expect(levelOf(cell(0.5, false))).toBe('near');
    expect(levelOf(cell(0.15, true))).toBe('drifted');
    expect(levelOf(cell(0.31, true))).toBe('far');
    expect(levelOf({ ...cell(100, true, 'kind'), needed: 0 })).toBe('far');
  });

  it('says by how much in four signs at most', () => {
    expect(movedBy(cell(0.374, true))).toBe('0.37');
    expect(movedBy(cell(1.27, true))).toBe('1.3');
    expect(movedBy(cell(99.9, true))).toBe('100');
    expect(movedBy(cell(0.25, true, 'missing'))).toBe('25 %');
    expect(movedBy(cell(100, true, 'kind'))).toBe('≠');
  });

  it('knows since when a column drifts without a break', () => {
    const windows = [window(0, ['a']), window(1, []), window(2, ['a', 'b'])];
    const more = [...windows, window(3, ['a'])];
    expect(lastingOf(more).map(one => [one.name, one.windows])).toEqual([
      ['a', 2]
    ]);
    expect(lastingOf([])).toEqual([]);
    expect(verdictOf(history(more), trans).isBad).toBe(true);
    const calm = verdictOf(history([window(0, [], 'nothing', false)]), trans);
    expect(calm).toEqual({
      text: 'No column drifts; the loss stays within its limit.',
      isBad: false
    });
  });

  it('tells of what was held back in a row once, and of a loss only when that changes', () => {
    const told = happenedIn(
      history([
        window(0, [], 'nothing', false),
        window(1, [], 'retrain', true),
        window(2, [], 'held back', true),
        window(3, [], 'held back', null),
        window(4, [], 'nothing', false)
      ]),
      trans
    ).map(one => one.what);
    expect(told).toEqual([
      'Loss within its limit again',
      'Retraining held back 2 times',
      'Retraining requested',
      'Loss beyond its limit'
    ]);
  });

  it('spares people chances of many digits', () => {
    expect(toldOf('moved by 1 sd (p = 6e-159)')).toBe(
      'moved by 1 sd (p < 0.001)'
    );
    expect(toldOf('moved (p = 0.04)')).toBe('moved (p = 0.04)');
  });
});
