/** Values beside parallel coordinates, and the curves; a brush narrows all of them. */

import * as React from 'react';

import { Comparison, Run } from '../api/types';
import { Brushes } from '../elements';
import { titleOf } from '../runs/words';
import { Lines, withDurations } from './lines';
import type { Shown } from './page';
import { keptBy } from './parallel';
import { scalesOf } from './related';
import { Relations } from './relations';

const Charts = React.lazy(() => import('../runs/charts'));

const FEW = 4; // runs whose table leaves room for a picture beside it

/** What is compared, and how. */
export interface Numbers extends Shown {
  others: readonly Run[];
  isShort: boolean;
  onAll: () => void;
  isRelative: boolean;
}

/** What the brushes keep is in the table and in the charts; the first run, which others are measured by, always is. */
export function NumbersAndCharts(props: Numbers): React.JSX.Element {
  const { around, found, others, lines, onAdd } = props;
  const { client, trans } = around;
  const [brushes, setBrushes] = React.useState<Brushes>({});
  const scales = React.useMemo(
    () => scalesOf(found.runs, others),
    [found, others]
  );
  const settled = React.useDeferredValue(brushes);
  const kept = React.useMemo(
    () => keptBy(found.runs, scales, settled),
    [found, scales, settled]
  );
  const narrow = React.useMemo(() => narrowed(found, kept), [found, kept]);
  const drawn = React.useMemo(
    () => lines.filter(line => narrow.runs.some(run => run.id === line.id)),
    [lines, narrow]
  );
  return (
    <>
      <div className="jp-mlops-beside" data-few={found.runs.length <= FEW}>
        <section className="jp-mlops-card">
          <Lines
            {...props}
            found={narrow}
            lines={drawn}
            label={trans.__('Values')}
            own={withDurations(narrow).filter(line => line.kind !== 'fact')}
          />
        </section>
        <Relations
          around={around}
          runs={found.runs}
          others={others}
          lines={lines}
          scales={scales}
          brushes={brushes}
          onBrushes={setBrushes}
          onAdd={onAdd}
          trans={trans}
        />
      </div>
      <Legend around={around} found={narrow} lines={drawn} />
      <React.Suspense fallback={null}>
        <Charts client={client} runs={found.runs} lines={drawn} trans={trans} />
      </React.Suspense>
    </>
  );
}

/** The comparison with the first run and those that are kept alone. */
function narrowed(found: Comparison, kept: ReadonlySet<string>): Comparison {
  const isIn = found.runs.map((run, place) => place === 0 || kept.has(run.id));
  return {
    ...found,
    runs: found.runs.filter((_, place) => isIn[place]),
    lines: found.lines.map(line => ({
      ...line,
      values: line.values.filter((_, place) => isIn[place])
    }))
  };
}

/** The one legend of all charts. */
function Legend({
  around,
  found,
  lines
}: Omit<Shown, 'onAdd'>): React.JSX.Element {
  return (
    <div className="jp-mlops-legend">
      {found.runs.map((run, place) => (
        <button
          key={run.id}
          type="button"
          className="jp-mlops-link"
          style={{
            ['--jp-mlops-hue' as string]: `var(${lines[place]?.hue ?? ''})`
          }}
          onClick={() => around.open(run)}
        >
          <span className="jp-mlops-dot" /> {titleOf(run)}
        </button>
      ))}
    </div>
  );
}
