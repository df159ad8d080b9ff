/** The metrics of some runs as charts with one toolbar: axis, smoothing, scale and a search; loaded when first seen. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Client } from '../api/client';
import { Run } from '../api/types';
import { directionOf, ProblemBox, Segments, Tick } from '../elements';
import { Axis, Course, usualSmoothing } from './courses';
import { Curve } from './curve';
import { Line } from './lines';
import { useCourses } from './loading';
import { grouped, named, overlaid } from './pairs';

const MOST = 24;

/** How all charts are drawn, and which metrics are wanted. */
interface Settings {
  axis: Axis;
  /** Nothing until it is chosen. */
  smoothing: number | null;
  logarithmic: boolean;
  isOverlaid: boolean;
  wanted: string;
}

const USUAL: Settings = {
  axis: 'step',
  smoothing: null,
  logarithmic: false,
  isOverlaid: true,
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
  const { wanted, isOverlaid, ...drawing } = settings;
  const names = React.useMemo(
    () => [...new Set(runs.flatMap(run => Object.keys(run.metrics)))],
    [runs]
  );
  const found = names.filter(name =>
    name.toLowerCase().includes(wanted.toLowerCase())
  );
  const [courses, problem] = useCourses(client, runs, found.slice(0, most));
  const smoothing = useSmoothing(settings.smoothing, courses);
  const group = React.useId();
  const drawn = Object.keys(courses ?? {}).filter(name => found.includes(name));
  const groups = grouped(drawn);
  const shown = isOverlaid
    ? groups
    : drawn.map(name => [name, [name]] as const);
  return (
    <div className="jp-mlops-charts">
      {(shown.length > 0 || wanted !== '') && (
        <Tools
          settings={{ ...settings, smoothing }}
          onChange={change => setSettings({ ...settings, ...change })}
          count={names.length}
          canOverlay={groups.length < drawn.length}
          trans={trans}
        />
      )}
      <ProblemBox problem={problem} />
      {courses !== null && shown.length === 0 && (
        <Empty isWanted={wanted !== ''} trans={trans} />
      )}
      <div className="jp-mlops-chart-grid">
        {shown.map(([title, own]) => (
          <Metrics
            key={title}
            title={title}
            names={own}
            courses={courses ?? NONE}
            lines={lines}
            {...drawing}
            smoothing={smoothing}
            group={group}
            trans={trans}
          />
        ))}
      </div>
      <More
        count={Math.min(found.length - most, MOST)}
        onMore={() => setMost(most + MOST)}
        trans={trans}
      />
    </div>
  );
}

/** What was chosen, or what suits the courses. */
function useSmoothing(
  chosen: number | null,
  courses: Readonly<Record<string, readonly Course[]>> | null
): number {
  const usual = React.useMemo(
    () => usualSmoothing(Object.values(courses ?? NONE).flat()),
    [courses]
  );
  return chosen ?? usual;
}

function More(props: {
  count: number;
  onMore: () => void;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { count, onMore, trans } = props;
  return count <= 0 ? null : (
    <button type="button" className="jp-mlops-link" onClick={onMore}>
      {trans.__('Show %1 more', count)}
    </button>
  );
}

function Empty(props: {
  isWanted: boolean;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { isWanted, trans } = props;
  return (
    <p className="jp-mlops-empty">
      {isWanted
        ? trans.__('No metric with a course is called so.')
        : trans.__('No metric here has more than one value.')}
    </p>
  );
}

const NONE: Readonly<Record<string, readonly Course[]>> = {};

/** The chart of a metric, or of one of training and validation together. */
function Metrics(
  props: Omit<React.ComponentProps<typeof Curve>, 'courses'> & {
    names: readonly string[];
    courses: Readonly<Record<string, readonly Course[]>>;
  }
): React.JSX.Element {
  const { names, courses, lines, ...others } = props;
  const own = names.map(name => courses[name]);
  const drawn = React.useMemo(
    () =>
      names.length === 1
        ? { lines, courses: own[0] ?? [] }
        : overlaid(lines, names, courses),
    [lines, names.join('\n'), ...own]
  );
  return <Curve {...others} {...drawn} hint={hintOf(names, props.trans)} />;
}

/** Which way the metric is better, and which data are drawn. */
function hintOf(names: readonly string[], trans: TranslationBundle): string {
  const parts = names.map(name => named(name).part || 'train');
  const direction = {
    higher: trans.__('higher is better'),
    lower: trans.__('lower is better'),
    unknown: ''
  }[directionOf(names[0] ?? '')];
  return [
    ...(names.length > 1 ? [parts.join(trans.__(' and '))] : []),
    ...(direction === '' ? [] : [direction])
  ].join(', ');
}

/** The one toolbar of all charts. */
function Tools(props: {
  settings: Settings;
  onChange: (change: Partial<Settings>) => void;
  count: number;
  canOverlay: boolean;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { settings, onChange, count, canOverlay, trans } = props;
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
          value={settings.smoothing ?? 0}
          onChange={event =>
            onChange({ smoothing: Number(event.target.value) })
          }
        />
      </label>
      <Tick
        label={trans.__('Log')}
        title={trans.__('Logarithmic Y axis')}
        checked={settings.logarithmic}
        onChange={logarithmic => onChange({ logarithmic })}
      />
      {canOverlay && (
        <Tick
          label={trans.__('Train + val')}
          title={trans.__('Training and validation of a metric in one chart')}
          checked={settings.isOverlaid}
          onChange={isOverlaid => onChange({ isOverlaid })}
        />
      )}
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
