/** What a service did over time as lines, and its measures as people read them. Pure. */

import { ServicePoint } from '../api/types';

/** A moment of a line; a null is a gap. */
export interface At {
  at: number;
  value: number | null;
}

/** A line with its name at its end; `which` is its color. */
export interface Line {
  name: string;
  which: 'first' | 'second';
  points: readonly At[];
}

/** The line of one measure. */
export function lineOf(
  course: readonly ServicePoint[],
  measure: (point: ServicePoint) => number | null,
  name = '',
  which: Line['which'] = 'first'
): Line {
  return {
    name,
    which,
    points: course.map(point => ({ at: point.at, value: measure(point) }))
  };
}

/** The stretches of a line without a gap. */
export function broken(
  points: readonly At[]
): { at: number; value: number }[][] {
  const found: { at: number; value: number }[][] = [];
  let open: { at: number; value: number }[] | null = null;
  for (const { at, value } of points) {
    if (value === null) {
      open = null;
      continue;
    }
    if (open === null) {
      open = [];
      found.push(open);
    }
    open.push({ at, value });
  }
  return found;
}

/** A latency in seconds: 0.42 ms, 4.3 ms, 1.2 s. */
export function latency(seconds: number | null): string {
  if (seconds === null) {
    return '–';
  }
  return seconds >= 1
    ? `${Number(seconds.toPrecision(2))} s`
    : `${Number((seconds * 1000).toPrecision(2))} ms`;
}

/** Bytes in the unit that fits: 143 MB. */
export function bytes(size: number): string {
  return size >= 1e9
    ? `${(size / 1e9).toFixed(1)} GB`
    : `${Math.round(size / 1e6)} MB`;
}

/** A number a second: 58, 0.4. */
export function rate(value: number): string {
  return value >= 10
    ? Math.round(value).toLocaleString('en')
    : String(Number(value.toPrecision(2)));
}
