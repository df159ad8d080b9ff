/** Runs side by side in the main area: what differs first, then curves, relations, figures, code and environment. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Comparison, Run } from '../api/types';
import { Card, Menu, Segments, Tab as Named, Tabs, Tick } from '../elements';
import { PageProblem } from '../pages/missing';
import { Surroundings } from '../pages/surroundings';
import { Problem, problemOf } from '../problems';
import { drawnAs, Line as Drawn } from '../runs/lines';
import { csv, download } from '../runs/saving';
import { AddRun } from './adding';
import { useCellsApart } from './code';
import { Figures } from './figures';
import { Lines } from './lines';
import { Numbers, NumbersAndCharts } from './numbers';
import { useOthers } from './others';

const Code = React.lazy(() => import('../runs/code'));

interface Props {
  around: Surroundings;
  ids: readonly string[];
  /** Compares these runs instead, on the same page. */
  onRuns: (ids: readonly string[]) => void;
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
        <PageProblem
          around={around}
          problem={problem}
          what={trans.__('One of these runs is not there')}
        />
        {problem === null && <p role="status">{trans.__('Loading…')}</p>}
      </div>
    );
  }
  const onAdd = (run: Run): void => props.onRuns([...props.ids, run.id]);
  return <Body around={around} found={found} onAdd={onAdd} />;
}

/** What the parts of the page are given. */
export interface Shown {
  around: Surroundings;
  found: Comparison;
  lines: readonly Drawn[];
  /** Compares with one more run. */
  onAdd: (run: Run) => void;
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
  const others = useOthers(around, found.runs);
  const tabs = useTabs(around, found);
  const shown = { ...props, lines, others };
  return (
    <div className="jp-mlops-comparison">
      <header className="jp-mlops-line jp-mlops-wrapping">
        <h1>{trans.__('Compare %1 runs', found.runs.length)}</h1>
        <span className="jp-mlops-gap" />
        <AddRun others={others} onAdd={props.onAdd} trans={trans} />
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
          tabs={tabs}
        />
        <span className="jp-mlops-gap" />
        <Options
          tab={tab}
          isShort={isShort}
          setShort={setShort}
          isRelative={isRelative}
          setRelative={setRelative}
          trans={trans}
        />
      </div>
      <div className="jp-mlops-body" role="tabpanel">
        <Tab
          {...shown}
          tab={tab}
          isShort={isShort}
          onAll={() => setShort(false)}
          isRelative={isRelative}
        />
      </div>
    </div>
  );
}

/** The tabs, with how much differs in those where that is known. */
function useTabs(
  { client, trans }: Surroundings,
  { runs, lines }: Comparison
): Named[] {
  const cells = useCellsApart(client, runs);
  const facts = lines.filter(line => line.kind === 'fact' && line.differs);
  const code =
    cells === null
      ? ''
      : cells === 0
        ? apart(0, trans)
        : trans._n('%1 cell differs', '%1 cells differ', cells);
  return [
    { key: 'numbers', name: trans.__('Numbers and charts') },
    { key: 'figures', name: trans.__('Figures') },
    { key: 'code', name: trans.__('Code'), hint: code },
    {
      key: 'environment',
      name: trans.__('Environment'),
      hint: apart(facts.length, trans)
    }
  ];
}

/** How much differs, in a word or two. */
function apart(count: number, trans: TranslationBundle): string {
  return count === 0
    ? trans.__('same')
    : trans._n('%1 differs', '%1 differ', count);
}

/** How the tables are shown; nothing on tabs without one. */
function Options(props: {
  tab: string;
  isShort: boolean;
  setShort: (isShort: boolean) => void;
  isRelative: boolean;
  setRelative: (isRelative: boolean) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { tab, isShort, setShort, isRelative, setRelative, trans } = props;
  return (
    <>
      {(tab === 'numbers' || tab === 'environment') && (
        <Tick
          label={trans.__('Show only differences')}
          checked={isShort}
          onChange={setShort}
        />
      )}
      {tab === 'numbers' && (
        <Segments<'absolute' | 'relative'>
          label={trans.__('Differences')}
          value={isRelative ? 'relative' : 'absolute'}
          options={[
            ['absolute', trans.__('Absolute')],
            ['relative', trans.__('Relative %')]
          ]}
          onChange={value => setRelative(value === 'relative')}
        />
      )}
    </>
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

function Tab(props: Numbers & { tab: string }): React.JSX.Element {
  const { around, found, tab } = props;
  const { client, trans } = around;
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
            own={found.lines.filter(line => line.kind === 'fact')}
          />
        </Card>
      );
    default:
      return <NumbersAndCharts {...props} />;
  }
}

function saveTable({ runs, lines }: Comparison): void {
  const head = ['kind', 'name', ...runs.map(run => `${run.name} ${run.id}`)];
  const rows = lines.map(line => [line.kind, line.name, ...line.values]);
  const text = csv([head, ...rows]);
  download('comparison.csv', new Blob([text], { type: 'text/csv' }));
}
