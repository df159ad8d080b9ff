/** The courses of the metrics of some runs, asked for a few at a time. */

import * as React from 'react';

import { Client } from '../api/client';
import { Courses, Run } from '../api/types';
import { Problem, problemOf } from '../problems';
import { Course, drawable } from './courses';

const POINTS = 1000; // of a course, where there are few courses
const LEAST = 200;
const AT_ONCE = 40_000; // points that are asked for at once, so that the first charts are there soon
const MOST_COURSES = 2000; // that the server gives at once

/** The courses of metrics that have more than one point in some run, by metric; the first ones come first. */
export function useCourses(
  client: Client,
  runs: readonly Run[],
  names: readonly string[]
): [Readonly<Record<string, readonly Course[]>> | null, Problem | null] {
  const [courses, setCourses] = React.useState<Record<string, Course[]> | null>(
    null
  );
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const key = names.join('\n');
  React.useEffect(() => {
    let isWanted = true;
    const found: Record<string, Course[]> = {};
    const add = (some: Record<string, Course[]>): boolean => {
      Object.assign(found, some);
      if (isWanted) {
        setCourses({ ...found });
        setProblem(null);
      }
      return isWanted;
    };
    load(client, runs, names, add).catch(
      error => isWanted && setProblem(problemOf(error))
    );
    return () => {
      isWanted = false;
    };
  }, [runs, key]);
  return [courses, problem];
}

/** Asks for a few metrics after the other, as long as `add` wants more. */
async function load(
  client: Client,
  runs: readonly Run[],
  names: readonly string[],
  add: (some: Record<string, Course[]>) => boolean
): Promise<void> {
  const ids = runs.map(run => run.id);
  const count = Math.max(ids.length, 1);
  const share = Math.floor(AT_ONCE / (count * Math.max(names.length, 1)));
  const points = Math.min(Math.max(share, LEAST), POINTS);
  const atOnce = Math.max(
    Math.min(
      Math.floor(AT_ONCE / (count * points)),
      Math.floor(MOST_COURSES / count)
    ),
    1
  );
  let isWanted = true;
  if (names.length === 0 || ids.length === 0) {
    add({});
  }
  for (
    let first = 0;
    isWanted && first < names.length && ids.length > 0;
    first += atOnce
  ) {
    const some = names.slice(first, first + atOnce);
    const { courses } = await client.histories(ids, some, points);
    isWanted = add(
      Object.fromEntries(
        some
          .map(name => [name, coursesOf(courses[name] ?? {})] as const)
          .filter(([, own]) => own.some(course => course.places.length > 1))
      )
    );
  }
}

function coursesOf(found: Courses['courses'][string]): Course[] {
  return Object.entries(found).map(([id, course]) => ({
    id,
    places: course.iterations,
    times: course.times,
    values: drawable(course.values)
  }));
}
