/** Which numbers and words of runs become axes, and where each run crosses them. Pure. */

import { Run } from '../api/types';
import { Axis, axisOf, isWide } from '../elements';
import { paramsOf } from '../runs/columns';
import { isSeed } from '../runs/seeds';
import { aligned, number } from '../runs/words';

const WORDS = 12; // different words that an axis can tell apart

/** How many axes are shown before others are chosen. */
export const USUAL = 8;

/** An axis over a parameter or a metric. */
export interface Scale {
  name: string;
  isMetric: boolean;
  axis: Axis;
}

/** The axes over what runs do not agree on: parameters, then metrics; of each, what `runs` differ in comes first. */
export function scalesOf(
  runs: readonly Run[],
  others: readonly Run[]
): readonly Scale[] {
  const all = [...runs, ...others];
  const namesIn = (isMetric: boolean): string[] => [
    ...new Set(
      runs.flatMap(run => Object.keys(isMetric ? run.metrics : paramsOf(run)))
    )
  ];
  const count = (some: readonly Run[], name: string, own: boolean): number =>
    new Set(
      some.map(run => valueOf(run, name, own)).filter(value => value !== null)
    ).size;
  const scales = ([false, true] as const).flatMap(isMetric =>
    namesIn(isMetric)
      .filter(name => !isSeed(name) && count(all, name, isMetric) > 1)
      .map(name => ({ name, isMetric, own: count(runs, name, isMetric) > 1 }))
      .sort((a, b) => Number(b.own) - Number(a.own))
  );
  return scales.flatMap(({ name, isMetric }) => {
    const values = all
      .map(run => valueOf(run, name, isMetric))
      .filter(value => value !== null);
    const numbers = values.filter(value => typeof value === 'number');
    const isOfNumbers = numbers.length === values.length;
    if (!isOfNumbers && new Set(values.map(String)).size > WORDS) {
      return [];
    }
    const isLog = !isMetric && isOfNumbers && isWide(numbers);
    const axis = axisOf(name, values, isLog, isMetric ? aligned : number);
    return [{ name, isMetric, axis }];
  });
}

/** Where a run crosses an axis, from 0 to 1; nothing where it has no such value. */
export function placeOn(run: Run, scale: Scale): number | null {
  return scale.axis.at(valueOf(run, scale.name, scale.isMetric) ?? undefined);
}

/** A metric that is finite, or a parameter: as a number where its text is one. */
function valueOf(
  run: Run,
  name: string,
  isMetric: boolean
): number | string | null {
  if (isMetric) {
    const value = run.metrics[name];
    return typeof value === 'number' ? value : null;
  }
  const text = paramsOf(run)[name];
  if (text === undefined) {
    return null;
  }
  const found = Number(text);
  return text.trim() !== '' && Number.isFinite(found) ? found : text;
}
