/** Values of columns and names of bins as people read them. Pure. */

import { Bins, ColumnLook } from '../api/types';
import { number } from '../runs/words';

const DAY = 86_400;

/** A value of a column: a number, or a moment to as much as `range` (seconds) needs. */
export function valueOf(
  value: number | null,
  isTime: boolean,
  range = DAY
): string {
  if (value === null) {
    return '';
  }
  if (!isTime) {
    return number(value);
  }
  const text = new Date(value * 1000).toISOString();
  return range < 2 * DAY
    ? text.slice(5, 16).replace('T', ' ')
    : text.slice(0, 10);
}

/** What each bin is called. */
export function namesOf({ labels, edges, beyond, time }: Bins): string[] {
  if (labels.length > 0 || edges.length < 2) {
    return [...labels];
  }
  const last = edges.length - 1;
  const range = (edges[last] ?? 0) - (edges[0] ?? 0);
  const at = (place: number): string =>
    valueOf(edges[place] ?? null, time, range);
  return edges.slice(1).map((_, place) => {
    if (place === 0 && beyond[0]) {
      return `< ${at(1)}`;
    }
    return place === last - 1 && beyond[1]
      ? `≥ ${at(place)}`
      : `${at(place)} – ${at(place + 1)}`;
  });
}

/** A share as a percentage: 41 %, 0.3 %. */
export function percent(share: number): string {
  const found = share * 100;
  const digits = found === 0 || found >= 9.95 || found === 100 ? 0 : 1;
  return found > 0 && found < 0.05 ? '< 0.1 %' : `${found.toFixed(digits)} %`;
}

/** The share of rows of a column without a value. */
export function missingOf(
  column: Pick<ColumnLook, 'missing' | 'rows'>
): number {
  return column.rows > 0 ? column.missing / column.rows : 0;
}

/** Round numbers at equal distances from at or below `low` to at or above `high`, about `count` steps. */
export function roundTicks(low: number, high: number, count: number): number[] {
  const range = high - low || Math.abs(high) || 1;
  const power = 10 ** Math.floor(Math.log10(range / count));
  const step =
    power * ([1, 2, 2.5, 5, 10].find(n => n * power * count >= range) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(Math.ceil(high / step - 1e-9), first + 1);
  return Array.from({ length: last - first + 1 }, (_, n) =>
    Number(((first + n) * step).toPrecision(12))
  );
}

/** A round number at or above `highest`, so that an axis ends well: 0.4 for 0.37. */
export function roundAbove(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(highest || 1));
  const step = [1, 2, 4, 6, 8, 10].find(one => one * power >= highest * 0.999);
  return Math.min((step ?? 10) * power, Math.max(1, highest));
}
