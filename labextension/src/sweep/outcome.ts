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
