/** A sweep as its page shows it: which trials are better, and where they lie on axes. Pure. */

import { Sweep, Trial } from '../api/types';

/** How many shades the better trials are told apart by. */
export const SHADES = 5;

/** The number of a trial's metric; nothing for one that was pruned, failed or is still going on. */
export function valueOf(trial: Trial, metric: string): number | null {
  return trial.status === 'finished' ? (trial.metrics[metric] ?? null) : null;
}

/** The metrics of all trials, the one that was to become best first. */
export function metricsOf({ metric, trials }: Sweep): string[] {
  const found = new Set(trials.flatMap(trial => Object.keys(trial.metrics)));
  return [...(metric === '' ? [] : [metric]), ...found].filter(
    (name, place, all) => all.indexOf(name) === place
  );
}

/** The finished trials with a number, the best first. */
export function ranked(
  trials: readonly Trial[],
  metric: string,
  minimize: boolean
): Trial[] {
  const sign = minimize ? 1 : -1;
  return trials
    .filter(trial => valueOf(trial, metric) !== null)
    .sort(
      (one, other) =>
        sign * ((valueOf(one, metric) ?? 0) - (valueOf(other, metric) ?? 0)) ||
        one.number - other.number
    );
}

/** The shade of each ranked trial by number: 1 is the worst, {@link SHADES} the best. */
export function shadesOf(order: readonly Trial[]): Map<number, number> {
  return new Map(
    order.map((trial, place) => [
      trial.number,
      SHADES - Math.floor((place / Math.max(order.length, 1)) * SHADES)
    ])
  );
}

/** An axis: numbers by their size or logarithm, words in their order. */
export interface Axis {
  name: string;
  isLog: boolean;
  /** Where a value lies, from 0 to 1; nothing for one that it does not have. */
  at(value: number | string | undefined): number | null;
  ticks: readonly { at: number; text: string }[];
}

/** The axis of some values. */
export function axisOf(
  name: string,
  values: readonly (number | string)[],
  isLog: boolean,
  textOf: (value: number) => string
): Axis {
  const numbers = values.filter(value => typeof value === 'number');
  if (numbers.length < values.length || numbers.length === 0) {
    const words = [...new Set(values.map(String))].sort();
    const at = (value: number | string | undefined): number | null => {
      const place = words.indexOf(String(value));
      return place < 0 ? null : (place + 0.5) / words.length;
    };
    return {
      name,
      isLog: false,
      at,
      ticks: words.map(text => ({ at: at(text) ?? 0, text }))
    };
  }
  const low = Math.min(...numbers);
  const high = Math.max(...numbers);
  const bends = isLog && low > 0;
  const by = (value: number): number => (bends ? Math.log(value) : value);
  const isWhole = numbers.every(Number.isInteger) && high - low > 3;
  const back = (part: number): number => {
    const value = by(low) + part * (by(high) - by(low));
    const found = bends ? Math.exp(value) : value;
    return isWhole ? Math.round(found) : found;
  };
  const at = (value: number | string | undefined): number | null =>
    typeof value !== 'number' || (bends && value <= 0)
      ? null
      : high === low
        ? 0.5
        : (by(value) - by(low)) / (by(high) - by(low));
  const parts = high === low ? [0.5] : [0, 1 / 3, 2 / 3, 1];
  return {
    name,
    isLog: bends,
    at,
    ticks: parts.map(part => ({
      at: part,
      text: textOf(high === low ? low : back(part))
    }))
  };
}

/** The same axis, with its lowest value at the top. */
export function turned(axis: Axis): Axis {
  return {
    ...axis,
    at: value => {
      const at = axis.at(value);
      return at === null ? null : 1 - at;
    },
    ticks: axis.ticks.map(({ at, text }) => ({ at: 1 - at, text }))
  };
}

/** The best value so far, trial by trial. */
export function bestSoFar(
  trials: readonly Trial[],
  metric: string,
  minimize: boolean
): { number: number; value: number }[] {
  const found: { number: number; value: number }[] = [];
  for (const trial of trials) {
    const value = valueOf(trial, metric);
    const last = found[found.length - 1]?.value;
    if (
      value !== null &&
      (last === undefined || (minimize ? value < last : value > last))
    ) {
      found.push({ number: trial.number, value });
    }
  }
  return found;
}
