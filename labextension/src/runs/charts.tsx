/** The metrics of some runs as charts with one toolbar: axis, smoothing, scale and a search; loaded when first seen. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Client } from '../api/client';
import { Run } from '../api/types';
import { ProblemBox, Segments, Tick } from '../elements';
import { Problem, problemOf } from '../problems';
import { Axis, Course, drawable } from './courses';
import { Curve } from './curve';
import { Line } from './lines';

const POINTS = 1000;
const MOST = 24;
const MOST_COURSES = 2000; // that the server gives at once

/** How all charts are drawn, and which metrics are wanted. */
interface Settings {
  axis: Axis;
  smoothing: number;
  logarithmic: boolean;
  wanted: string;
}

const USUAL: Settings = {
  axis: 'step',
  smoothing: 0,
  logarithmic: false,
  wanted: ''
};

interface Props {
  client: Client;
  runs: readonly Run[];
  lines: readonly Line[];
  trans: TranslationBundle;
}

/** The charts of all metrics that have a course. */
export default function Charts(props: Props): React.JSX.Element {
  const { client, runs, lines, trans } = props;
  const [most, setMost] = React.useState(MOST);
  const [settings, setSettings] = React.useState(USUAL);
  const { wanted, ...drawing } = settings;
  const names = React.useMemo(
    () => [...new Set(runs.flatMap(run => Object.keys(run.metrics)))],
    [runs]
  );
  const found = names.filter(name =>
    name.toLowerCase().includes(wanted.toLowerCase())
  );
  const [courses, problem] = useCourses(client, runs, found.slice(0, most));
  const group = React.useId();
  const shown = Object.entries(courses ?? {}).filter(([name]) =>
    found.includes(name)
  );
  return (
    <div className="jp-mlops-charts">
      {(shown.length > 0 || wanted !== '') && (
        <Tools
          settings={settings}
          onChange={change => setSettings({ ...settings, ...change })}
          count={names.length}
          trans={trans}
        />
      )}
      <ProblemBox problem={problem} />
      {courses !== null && shown.length === 0 && (
        <p className="jp-mlops-empty">
          {wanted === ''
            ? trans.__('No metric here has more than one value.')
            : trans.__('No metric with a course is called so.')}
        </p>
      )}
      <div className="jp-mlops-chart-grid">
        {shown.map(([name, own]) => (
          <Curve
            key={name}
            title={name}
            courses={own}
            lines={lines}
            {...drawing}
            group={group}
            trans={trans}
          />
        ))}
      </div>
      {found.length > most && (
        <button
          type="button"
          className="jp-mlops-link"
          onClick={() => setMost(most + MOST)}
        >
          {trans.__('Show %1 more', Math.min(found.length - most, MOST))}
        </button>
      )}
    </div>
  );
}

/** The courses of metrics that have more than one point in some run, by metric. */
function useCourses(
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
    let wanted = true;
    load(client, runs, names).then(
      found => wanted && (setCourses(found), setProblem(null)),
      error => wanted && setProblem(problemOf(error))
    );
    return () => {
      wanted = false;
    };
  }, [runs, key]);
  return [courses, problem];
}

async function load(
  client: Client,
  runs: readonly Run[],
  names: readonly string[]
): Promise<Record<string, Course[]>> {
  const found: Record<string, Course[]> = {};
  const atOnce = Math.max(
    Math.floor(MOST_COURSES / Math.max(runs.length, 1)),
    1
  );
  const ids = runs.map(run => run.id);
  for (let first = 0; first < names.length && ids.length > 0; first += atOnce) {
    const some = names.slice(first, first + atOnce);
    const { courses } = await client.histories(ids, some, POINTS);
    for (const name of some) {
      const own = Object.entries(courses[name] ?? {}).map(([id, course]) => ({
        id,
        places: course.iterations,
        times: course.times,
        values: drawable(course.values)
      }));
      if (own.some(course => course.places.length > 1)) {
        found[name] = own;
      }
    }
  }
  return found;
}

/** The one toolbar of all charts. */
function Tools(props: {
  settings: Settings;
  onChange: (change: Partial<Settings>) => void;
  count: number;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { settings, onChange, count, trans } = props;
  return (
    <div className="jp-mlops-chart-tools">
      <Segments<Axis>
        label={trans.__('X axis')}
        value={settings.axis}
        options={[
          ['step', trans.__('Step')],
          ['time', trans.__('Time')],
          ['relative', trans.__('Relative')]
        ]}
        onChange={axis => onChange({ axis })}
      />
      <label>
        {trans.__('Smoothing')}
        <input
          type="range"
          min={0}
          max={0.98}
          step={0.02}
          value={settings.smoothing}
          onChange={event =>
            onChange({ smoothing: Number(event.target.value) })
          }
        />
      </label>
      <Tick
        label={trans.__('Logarithmic')}
        checked={settings.logarithmic}
        onChange={logarithmic => onChange({ logarithmic })}
      />
      {count > 4 && (
        <input
          type="search"
          aria-label={trans.__('Search metrics')}
          placeholder={trans.__('%1 metrics', count)}
          value={settings.wanted}
          onChange={event => onChange({ wanted: event.target.value })}
        />
      )}
    </div>
  );
}
