/** How long a step took in the last runs of its notebook. */

import * as React from 'react';

import { Run } from '../api/types';
import { Surroundings } from '../pages/surroundings';
import { seconds, titleOf } from '../runs/words';
import { Part } from './drawer';

const MOST = 10;

/** The filter that finds the runs of a step of a notebook. Pure. */
export function filterOf(step: string, path: string): string {
  const quoted = (text: string): string =>
    `'${text.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}'`;
  const file = path.split('/').pop() ?? path;
  return `kind = 'step' and name = ${quoted(step)} and source like ${quoted(`%${file}`)}`;
}

/** The middle one of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[half - 1] ?? 0, sorted[half] ?? 0];
  return sorted.length % 2 === 0 ? (low + high) / 2 : high;
}

/** A bar a run, the newest at the right. */
export function Times(props: {
  around: Surroundings;
  step: string;
  path: string;
  last: string;
}): React.JSX.Element | null {
  const { around, step, path, last } = props;
  const { trans } = around;
  const [runs, setRuns] = React.useState<readonly Run[]>([]);
  React.useEffect(() => {
    let wanted = true;
    around.client
      .runs({
        filter: filterOf(step, path),
        order: [],
        after: '',
        limit: MOST,
        top: false
      })
      .then(
        page => wanted && setRuns([...page.runs].reverse()),
        () => undefined // the drawer does without
      );
    return () => {
      wanted = false;
    };
  }, [step, path, last]);
  const taken = runs.filter(run => run.duration !== null);
  if (taken.length === 0) {
    return null;
  }
  const most = Math.max(...taken.map(run => run.duration ?? 0), 0.001);
  return (
    <Part
      title={trans._n('Last run', 'Last %1 runs', taken.length)}
      hint={trans.__(
        'median %1',
        seconds(median(taken.map(run => run.duration ?? 0)))
      )}
    >
      <div className="jp-mlops-times">
        {taken.map(run => (
          <button
            key={run.id}
            aria-label={`${titleOf(run)}: ${seconds(run.duration ?? 0)}`}
            title={`${titleOf(run)}: ${seconds(run.duration ?? 0)}`}
            onClick={() => around.open(run)}
          >
            <i style={{ height: `${(100 * (run.duration ?? 0)) / most}%` }} />
          </button>
        ))}
      </div>
      <div className="jp-mlops-line jp-mlops-hint">
        <span>{`#${taken[0]?.number ?? ''}`}</span>
        <span className="jp-mlops-gap" />
        <span>{`#${taken[taken.length - 1]?.number ?? ''}`}</span>
      </div>
    </Part>
  );
}
