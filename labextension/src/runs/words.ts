/** Numbers, durations and marks as people read them. */

import { Run, Status, Value } from '../api/types';

const MARKS: Record<Status, string> = {
  pending: '○',
  running: '●',
  finished: '✓',
  failed: '✗',
  killed: '✗'
};

/** A mark beside the colour, so that colour alone says nothing. */
export function markOf(status: Status): string {
  return MARKS[status];
}

/** Four significant digits. */
export function number(value: Value | null | undefined): string {
  if (value === null || value === undefined) {
    return '';
  }
  if (typeof value === 'string') {
    return value;
  }
  return Number.isInteger(value) && Math.abs(value) < 1e9
    ? value.toLocaleString('en')
    : String(Number(value.toPrecision(4)));
}

/** How long a run took, or has been running until `now` (seconds since 1970). */
export function took(
  run: Pick<Run, 'duration' | 'ended' | 'started'>,
  now: number
): string {
  return seconds(run.duration ?? Math.max((run.ended ?? now) - run.started, 0));
}

/** A duration in words. */
export function seconds(count: number): string {
  if (count < 60) {
    return `${count.toFixed(1)} s`;
  }
  const minutes = Math.floor(count / 60);
  return minutes < 60
    ? `${minutes} min ${Math.floor(count % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The first metrics of a run, in one line. */
export function summary(run: Run, most = 3): string {
  const metrics = Object.entries(run.metrics).slice(0, most);
  return metrics.map(([name, value]) => `${name} ${number(value)}`).join(' · ');
}
