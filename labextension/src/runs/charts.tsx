/** All metrics of some runs as charts, with smoothing and a logarithmic scale; loaded when first seen. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Client } from '../api/client';
import { Run } from '../api/types';
import { drawable } from './courses';
import { Course, Curve } from './curve';

const POINTS = 1000;
const MOST = 24;

interface Props {
  client: Client;
  runs: readonly Run[];
  trans: TranslationBundle;
}

/** The charts. */
export default function Charts({
  client,
  runs,
  trans
}: Props): React.JSX.Element {
  const [courses, setCourses] = React.useState<Record<string, Course[]>>({});
  const [smoothing, setSmoothing] = React.useState(0);
  const [logarithmic, setLogarithmic] = React.useState(false);
  React.useEffect(() => {
    void load(client, runs).then(setCourses);
  }, [runs]);
  const names = Object.keys(courses);
  if (names.length === 0) {
    return <div />;
  }
  return (
    <div className="jp-mlops-charts">
      <div className="jp-mlops-buttons">
        <label>
          {trans.__('Smoothing')}
          <input
            type="range"
            min={0}
            max={0.98}
            step={0.02}
            value={smoothing}
            onChange={event => setSmoothing(Number(event.target.value))}
          />
        </label>
        <label>
          <input
            type="checkbox"
            checked={logarithmic}
            onChange={event => setLogarithmic(event.target.checked)}
          />
          {trans.__('Logarithmic')}
        </label>
      </div>
      {names.map(name => (
        <Curve
          key={name}
          title={name}
          courses={courses[name] ?? []}
          smoothing={smoothing}
          logarithmic={logarithmic}
          trans={trans}
        />
      ))}
    </div>
  );
}

/** The courses of the metrics that have more than one point in some run. */
async function load(
  client: Client,
  runs: readonly Run[]
): Promise<Record<string, Course[]>> {
  const names = [...new Set(runs.flatMap(run => Object.keys(run.metrics)))];
  const found: Record<string, Course[]> = {};
  for (const name of names.slice(0, MOST)) {
    const courses = await Promise.all(
      runs
        .filter(run => name in run.metrics)
        .map(async run => {
          const course = await client.history(run.id, name, POINTS);
          return {
            name: run.name,
            iterations: course.iterations,
            values: drawable(course.values)
          };
        })
    );
    if (courses.some(course => course.iterations.length > 1)) {
      found[name] = courses;
    }
  }
  return found;
}
