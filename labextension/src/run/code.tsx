/** The code of a run: its cells as they were, or beside those of another run. */

import * as React from 'react';

import { Run } from '../api/types';
import { Card, ProblemBox, Segments } from '../elements';
import { Problem, problemOf } from '../problems';
import { Shown } from './page';

const Difference = React.lazy(() => import('../runs/code'));
const OTHERS = 50; // newest runs to compare with

/** The tab. */
export function CodeTab(props: Shown): React.JSX.Element {
  const { trans } = props.around;
  const [view, setView] = React.useState<'cells' | 'difference'>('cells');
  return (
    <>
      <Segments<'cells' | 'difference'>
        label={trans.__('View')}
        value={view}
        options={[
          ['cells', trans.__('Cells')],
          ['difference', trans.__('Compare with Another Run')]
        ]}
        onChange={setView}
      />
      {view === 'cells' ? <Cells {...props} /> : <Compared {...props} />}
    </>
  );
}

function Cells({ around, found }: Shown): React.JSX.Element {
  const { client, trans } = around;
  const [cells, setCells] = React.useState<readonly string[] | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  React.useEffect(() => {
    client.code(found.id).then(
      answer => setCells(answer.cells),
      error => setProblem(problemOf(error))
    );
  }, [found.id]);
  return (
    <Card title={trans.__('Cells as they were')}>
      <ProblemBox problem={problem} />
      {cells?.length === 0 && (
        <p className="jp-mlops-hint">{trans.__('It has kept no code.')}</p>
      )}
      {cells?.map((cell, place) => (
        <pre key={place} className="jp-mlops-log" tabIndex={0}>
          {cell}
        </pre>
      ))}
    </Card>
  );
}

function Compared({ around, model }: Shown): React.JSX.Element {
  const { client, trans } = around;
  const { short, baseline } = model;
  const [others, setOthers] = React.useState<readonly Run[]>([]);
  const id = short?.id ?? '';
  React.useEffect(() => {
    client
      .runs({ filter: '', order: [], after: '', limit: OTHERS, top: true })
      .then(
        page => setOthers(page.runs),
        () => setOthers([]) // the baseline is left to compare with
      );
  }, [id]);
  const all = [short, baseline, ...others].filter(
    (run): run is Run => run !== null
  );
  const runs = all.filter(
    (run, place) => all.findIndex(one => one.id === run.id) === place
  );
  return runs.length < 2 ? (
    <p className="jp-mlops-empty">
      {trans.__('No other runs to compare with.')}
    </p>
  ) : (
    <React.Suspense fallback={null}>
      <Difference client={client} runs={runs} trans={trans} />
    </React.Suspense>
  );
}
