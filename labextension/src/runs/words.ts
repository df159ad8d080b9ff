/** Numbers, durations and marks as people read them. */

import { TranslationBundle } from '@jupyterlab/translation';

import { Run, Status, Value } from '../api/types';

const MARKS: Record<Status, string> = {
  pending: '○',
  running: '●',
  finished: '✓',
  failed: '✗',
  killed: '✗',
  blocked: '⊘'
};

/** A mark beside the colour, so that colour alone says nothing. */
export function markOf(status: Status): string {
  return MARKS[status];
}

/** Whether more is expected of a run: it is going on, or was asked for and has not begun. */
export function isOpen(status: Status): boolean {
  return status === 'running' || status === 'pending';
}

/** Whether a run went wrong: its code did, or its data were stopped at the door. */
export function hasFailed(status: string): boolean {
  return status === 'failed' || status === 'blocked';
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

/** Four significant digits, zeros too, so that numbers below one another can be compared. */
export function aligned(value: Value | null | undefined): string {
  const isPlain =
    typeof value === 'number' &&
    !Number.isInteger(value) &&
    Math.abs(value) >= 1e-3 &&
    Math.abs(value) < 1e4;
  return isPlain ? value.toPrecision(4) : number(value);
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

/** What a run is called beside its number: its name without the moment that some names end with. */
export function calledAs(run: Pick<Run, 'name'>): string {
  return run.name.replace(/-\d{8}[-T]\d{4,9}(-\w{1,8})?$/, '') || run.name;
}

/** What a run is called on its own: `#12 name`. */
export function titleOf(run: Pick<Run, 'name' | 'number'>): string {
  return `#${run.number} ${calledAs(run)}`;
}

/** A moment (seconds since 1970) as people say it at `now`. */
export function when(
  moment: number,
  now: number,
  trans: TranslationBundle
): string {
  const ago = now - moment;
  if (ago < 60) {
    return trans.__('just now');
  }
  if (ago < 3600) {
    return trans.__('%1 min ago', Math.floor(ago / 60));
  }
  const then = new Date(moment * 1000);
  const today = new Date(now * 1000);
  const clock = then.toLocaleTimeString(undefined, {
    hour: '2-digit',
    minute: '2-digit'
  });
  if (then.toDateString() === today.toDateString()) {
    return clock;
  }
  const day = then.toLocaleDateString(undefined, {
    day: 'numeric',
    month: 'short',
    year: then.getFullYear() === today.getFullYear() ? undefined : 'numeric'
  });
  return `${day} ${clock}`;
}

/** A moment to the second, for those who want to know. */
export function exactly(moment: number): string {
  return new Date(moment * 1000).toLocaleString();
}

/** A size for people: 58 kB, 127 MB. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let count = bytes;
  let unit = 0;
  while (count >= 999.5 && unit < units.length - 1) {
    count /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && count < 9.95 ? 1 : 0;
  return `${count.toFixed(digits)} ${units[unit] ?? ''}`;
}

/** What a status is called. */
export function wordOf(status: Status, trans: TranslationBundle): string {
  return {
    pending: trans.__('Waiting'),
    running: trans.__('Running'),
    finished: trans.__('Finished'),
    failed: trans.__('Failed'),
    killed: trans.__('Stopped'),
    blocked: trans.__('Blocked by its data')
  }[status];
}

/** The state of a run, and the word for it with its reason. */
export function stateOf(
  run: Pick<Run, 'status' | 'reason'>,
  trans: TranslationBundle
): { state: Status; word: string } {
  const word = wordOf(run.status, trans);
  return {
    state: run.status,
    word: run.reason === '' ? word : `${word}: ${run.reason}`
  };
}

/** The metric that most of some runs have; of equals, the first. Pure. */
export function mainMetric(runs: readonly Run[]): string {
  const counts = new Map<string, number>();
  for (const run of runs) {
    for (const name of Object.keys(run.metrics)) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  const [most] = [...counts].sort((a, b) => b[1] - a[1]);
  return most?.[0] ?? '';
}
