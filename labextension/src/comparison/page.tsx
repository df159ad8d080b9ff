/** Runs side by side in the main area: what differs first, then curves, relations, figures, code and environment. */

import * as React from 'react';

import { Comparison } from '../api/types';
import { Card, Menu, ProblemBox, Segments, Tabs, Tick } from '../elements';
import { Surroundings } from '../pages/surroundings';
import { Problem, problemOf } from '../problems';
import { drawnAs, Line as Drawn } from '../runs/lines';
import { csv, download } from '../runs/saving';
import { canDraw } from '../runs/vega';
import { titleOf } from '../runs/words';
import { Figures } from './figures';
import { Lines } from './lines';

const Charts = React.lazy(() => import('../runs/charts'));
const Relations = React.lazy(() => import('../runs/relations'));
const Code = React.lazy(() => import('../runs/code'));

const FEW = 4; // runs whose table leaves room for a chart beside it

interface Props {
  around: Surroundings;
  ids: readonly string[];
}

/** The page. The baseline comes first, if it is among the runs. */
export default function ComparisonPage(props: Props): React.JSX.Element {
  const { around } = props;
  const { client, trans, marked } = around;
  const [found, setFound] = React.useState<Comparison | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const ids = React.useMemo(() => {
    const { baseline } = marked;
    return props.ids.includes(baseline)
      ? [baseline, ...props.ids.filter(id => id !== baseline)]
      : props.ids;
  }, [props.ids]);
  React.useEffect(() => {
    client.compare(ids).then(setFound, error => setProblem(problemOf(error)));
  }, [ids]);
  if (problem !== null || found === null) {
    return (
      <div className="jp-mlops-comparison">
        <ProblemBox problem={problem} />
        {problem === null && <p role="status">{trans.__('Loading…')}</p>}
      </div>
    );
  }
  return <Body around={around} found={found} />;
}

/** What the parts of the page are given. */
export interface Shown {
  around: Surroundings;
  found: Comparison;
  lines: readonly Drawn[];
}

function Body(props: Omit<Shown, 'lines'>): React.JSX.Element {
  const { around, found } = props;
  const { trans, marked } = around;
  const [tab, setTab] = React.useState('numbers');
  const [isShort, setShort] = React.useState(true);
  const [isRelative, setRelative] = React.useState(false);
  const lines = React.useMemo(
    () => linesOf(found, marked),
    [found, marked.drawn.join(' '), marked.baseline]
  );
  const shown = { ...props, lines };
  return (
    <div className="jp-mlops-comparison">
      <header className="jp-mlops-line">
        <h1>{trans.__('Compare %1 runs', found.runs.length)}</h1>
        <span className="jp-mlops-gap" />
        <Menu
          bare
          label={trans.__('Export')}
          entries={[
            { label: trans.__('Save as CSV'), act: () => saveTable(found) }
          ]}
        />
      </header>
      <div className="jp-mlops-line jp-mlops-tab-line">
        <Tabs
          label={trans.__('Parts of the page')}
          chosen={tab}
          onChoose={setTab}
          tabs={[
            { key: 'numbers', name: trans.__('Numbers and charts') },
            { key: 'figures', name: trans.__('Figures') },
            { key: 'code', name: trans.__('Code') },
            { key: 'environment', name: trans.__('Environment') }
          ]}
        />
        <span className="jp-mlops-gap" />
        <Tick
          label={trans.__('Show only differences')}
          checked={isShort}
          onChange={setShort}
        />
        <Segments<'absolute' | 'relative'>
          label={trans.__('Differences')}
          value={isRelative ? 'relative' : 'absolute'}
          options={[
            ['absolute', trans.__('Absolute')],
            ['relative', trans.__('Relative %')]
          ]}
          onChange={value => setRelative(value === 'relative')}
        />
      </div>
      <div className="jp-mlops-body" role="tabpanel">
        <Tab {...shown} tab={tab} isShort={isShort} isRelative={isRelative} />
      </div>
    </div>
  );
}

/** Colors of eyes where runs have them; the others get those that are left. */
function linesOf(
  { runs }: Comparison,
  marked: Surroundings['marked']
): readonly Drawn[] {
  const taken = new Set(runs.map(run => marked.placeOf(run.id)));
  let free = 0;
  return runs.map(run => {
    if (marked.placeOf(run.id) < 0) {
      while (taken.has(free)) {
        free += 1;
      }
      taken.add(free);
    }
    return drawnAs(run, marked, free);
  });
}

function Tab(
  props: Shown & { tab: string; isShort: boolean; isRelative: boolean }
): React.JSX.Element {
  const { around, found, lines, tab } = props;
  const { client, trans, rendermime } = around;
  const isOfEnvironment = (kind: string): boolean => kind === 'fact';
  switch (tab) {
    case 'figures':
      return <Figures {...props} />;
    case 'code':
      return (
        <React.Suspense fallback={null}>
          <Code client={client} runs={found.runs} trans={trans} />
        </React.Suspense>
      );
    case 'environment':
      return (
        <Card title={trans.__('Packages and machine')}>
          <Lines
            {...props}
            label={trans.__('Environment')}
            own={found.lines.filter(line => isOfEnvironment(line.kind))}
          />
        </Card>
      );
    default:
      return (
        <>
          <div className="jp-mlops-beside" data-few={found.runs.length <= FEW}>
            <section className="jp-mlops-card">
              <Lines
                {...props}
                label={trans.__('Values')}
                own={found.lines.filter(line => !isOfEnvironment(line.kind))}
              />
            </section>
            {rendermime && canDraw(rendermime) && (
              <React.Suspense fallback={null}>
                <Relations
                  runs={found.runs}
                  lines={lines}
                  rendermime={rendermime}
                  trans={trans}
                />
              </React.Suspense>
            )}
          </div>
          <Legend {...props} />
          <React.Suspense fallback={null}>
            <Charts
              client={client}
              runs={found.runs}
              lines={lines}
              trans={trans}
            />
          </React.Suspense>
        </>
      );
  }
}

/** The one legend of all charts. */
function Legend({ around, found, lines }: Shown): React.JSX.Element {
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

function saveTable({ runs, lines }: Comparison): void {
  const head = ['kind', 'name', ...runs.map(run => `${run.name} ${run.id}`)];
  const rows = lines.map(line => [line.kind, line.name, ...line.values]);
  const text = csv([head, ...rows]);
  download('comparison.csv', new Blob([text], { type: 'text/csv' }));
}
