import { describe, expect, it, vi } from 'vitest';

vi.mock('@jupyterlab/apputils', () => ({ Notification: {} }));

import { Firing, Schedules } from '../api/types';
import { newlyOver } from './telling';

function with_(...firings: [string, Firing['status']][]): Schedules {
  const made = firings.map(([due, status]) => ({
    due,
    status,
    outcome: 'finished' as const,
    cause: 'time',
    attempt: 1,
    started: 1,
    ended: null,
    run: '',
    why: '',
    steps: []
  }));
  return {
    writable: true,
    schedules: [
      {
        name: 'a',
        pipeline: 'a.ipynb',
        when: '',
        paused: false,
        pin: false,
        promote: '',
        changed: '',
        next: [],
        gates: [],
        firings: made
      }
    ]
  };
}

describe('newlyOver', () => {
  it('tells what has ended since, once', () => {
    const before = with_(['2', 'running'], ['1', 'finished']);
    const now = with_(['3', 'running'], ['2', 'failed'], ['1', 'finished']);
    expect(newlyOver(before, now).map(([, firing]) => firing.due)).toEqual([
      '2'
    ]);
    expect(newlyOver(now, now)).toEqual([]);
  });
});
