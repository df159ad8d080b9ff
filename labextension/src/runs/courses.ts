/** Points of several runs → what a chart draws. */

import { Value } from '../api/types';

/** What stands along the bottom: the step, the moment, or the seconds since the first point. */
export type Axis = 'step' | 'time' | 'relative';

/** The points of one metric in one run. Times are seconds since 1970. */
export interface Course {
  id: string;
  places: readonly number[];
  times: readonly number[];
  values: readonly (number | null)[];
}

/** Where the points of a course stand on an axis. */
export function placesOn(course: Course, axis: Axis): readonly number[] {
  const [first = 0] = course.times;
  return {
    step: course.places,
    time: course.times,
    relative: course.times.map(time => time - first)
  }[axis];
}

/** Numbers as they can be drawn: NaN and infinities are gaps. */
export function drawable(values: readonly Value[]): (number | null)[] {
  return values.map(value =>
    typeof value === 'number' && Number.isFinite(value) ? value : null
  );
}

/** An exponential moving average that starts at the first value; 0 leaves all as it is. */
export function smooth(
  values: readonly (number | null)[],
  weight: number
): (number | null)[] {
  let last: number | null = null;
  return values.map(value => {
    if (value === null || weight <= 0) {
      return value;
    }
    last = last === null ? value : weight * last + (1 - weight) * value;
    return last;
  });
}

const LONG = 30; // points
const USUAL = 0.6;

/** How much charts are smoothed until somebody chooses: long courses are, with the values as they are behind. */
export function usualSmoothing(courses: readonly Course[]): number {
  return courses.some(course => course.values.length >= LONG) ? USUAL : 0;
}

/** One column of iterations for all, then one column a run; a run without a point has a gap. */
export function together(
  courses: readonly {
    iterations: readonly number[];
    values: readonly (number | null)[];
  }[]
): (number | null | undefined)[][] {
  const all = [...new Set(courses.flatMap(course => course.iterations))].sort(
    (a, b) => a - b
  );
  return [
    all,
    ...courses.map(course => {
      const at = new Map(
        course.iterations.map((i, n) => [i, course.values[n]])
      );
      return all.map(iteration => at.get(iteration));
    })
  ];
}
