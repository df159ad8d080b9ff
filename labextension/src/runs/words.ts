/** Numbers, durations and marks as people read them. */

import { TranslationBundle } from '@jupyterlab/translation';

import { Cost, Run, Status, StepState, Value } from '../api/types';
import { judgedFirst } from './pairs';

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

const NOT_FINITE: Readonly<Record<string, string>> = {
  nan: 'NaN',
  inf: '∞',
  '-inf': '−∞'
};

/** Four significant digits. */
export function number(value: Value | null | undefined): string {
  if (value === null || value === undefined) {
    return '';
  }
  if (typeof value === 'string') {
    return NOT_FINITE[value] ?? value;
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

/** By how much a value differs from one before, as precise as the coarser of the two is written. */
export function difference(value: number, before: number): string {
  const decimals = Math.min(
    ...[value, before].map(one => aligned(one).split('.')[1]?.length ?? 0)
  );
  const found = Math.abs(value - before).toFixed(Math.min(decimals, 8));
  return decimals > 0 && Number(found) !== 0
    ? found
    : number(Math.abs(value - before));
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
  if (count < 0.95) {
    return `${Math.round(count * 1000)} ms`;
  }
  if (count < 59.95) {
    return `${count.toFixed(1)} s`;
  }
  const whole = Math.round(count);
  const minutes = Math.floor(whole / 60);
  return minutes < 60
    ? `${minutes} min ${whole % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** An amount of money, with enough digits to tell a small one from nothing. */
export function money(amount: number, currency: string): string {
  const digits =
    amount >= 0.1
      ? amount.toLocaleString('en', {
          minimumFractionDigits: 2,
          maximumFractionDigits: 2
        })
      : String(Number(amount.toPrecision(3)));
  return `${digits} ${currency}`.trim();
}

/** What a run has cost; nothing where there are no prices. */
export function moneyOf(cost: Cost | undefined): string {
  return cost && cost.money > 0 ? money(cost.money, cost.currency) : '';
}

/** The moment that a run's name ends with: as a run by hand has it, or as a schedule writes it. */
const MOMENT =
  /-(\d{8}[-T]\d{4,9}(-\w{1,8})?|\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(-\d\d-\d\d)?Z?)$/;

/** What a run is called beside its number: its name without the moment that some names end with. */
export function calledAs(run: Pick<Run, 'name'>): string {
  return run.name.replace(MOMENT, '') || run.name;
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

/** The state of a step in a run of its pipeline, and the word for it. */
export function stateOfStep(
  step: Pick<StepState, 'status' | 'reason' | 'cached' | 'skipped'>,
  trans: TranslationBundle
): { state: Status | 'cached' | 'skipped'; word: string } {
  if (step.cached) {
    return { state: 'cached', word: trans.__('Cached') };
  }
  return step.skipped
    ? { state: 'skipped', word: trans.__('Skipped: %1', step.skipped) }
    : stateOf(step, trans);
}

/** How a run stands, and how long it has taken: `Finished in 3.2 s`. */
export function lastedOf(
  status: Status,
  time: string,
  trans: TranslationBundle
): string {
  return {
    pending: trans.__('Waiting for %1', time),
    running: trans.__('Running for %1', time),
    finished: trans.__('Finished in %1', time),
    failed: trans.__('Failed after %1', time),
    killed: trans.__('Stopped after %1', time),
    blocked: trans.__('Blocked by its data after %1', time)
  }[status];
}

/** The metric that most of some runs have; of equals, the first that is not of training. Pure. */
export function mainMetric(runs: readonly Run[]): string {
  const counts = new Map<string, number>();
  for (const run of runs) {
    for (const name of Object.keys(run.metrics)) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  const [most] = judgedFirst([...counts.keys()]).sort(
    (a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0)
  );
  return most ?? '';
}
