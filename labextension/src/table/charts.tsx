/** Beside the table: the metrics of the runs that have an eye, in their colors, the baseline dashed. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Client } from '../api/client';
import { Run } from '../api/types';
import { drawnAs } from '../runs/lines';
import { inShort } from '../runs/short';
import { TableModel } from './model';

const Charts = React.lazy(() => import('../runs/charts'));

/** The charts. Runs that the table has not loaded are fetched. */
export function TableCharts(props: {
  model: TableModel;
  client: Client;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, client, trans } = props;
  const { drawn, baseline } = model.marked;
  const runs = useRuns(drawn, model, client);
  const key = [...drawn, baseline].join(' ');
  const lines = React.useMemo(
    () => runs.map(run => drawnAs(run, model.marked)),
    [runs, key]
  );
  return (
    <React.Suspense fallback={null}>
      <Charts client={client} runs={runs} lines={lines} trans={trans} />
    </React.Suspense>
  );
}

/** The runs with these ids; the same list while nothing of them changes. */
function useRuns(
  ids: readonly string[],
  model: TableModel,
  client: Client
): readonly Run[] {
  const [others, setOthers] = React.useState<readonly Run[]>([]);
  const known = [...model.runs, ...others];
  const found = ids.flatMap(id => known.find(run => run.id === id) ?? []);
  const missing = ids.filter(id => !known.some(run => run.id === id));
  React.useEffect(() => {
    let wanted = true;
    void Promise.allSettled(missing.map(id => client.run(id))).then(answers => {
      const fresh = answers.flatMap(answer =>
        answer.status === 'fulfilled' ? [inShort(answer.value)] : []
      );
      if (wanted && fresh.length > 0) {
        setOthers(before => [...before, ...fresh]);
      }
    });
    return () => {
      wanted = false;
    };
  }, [missing.join(' ')]);
  const state = JSON.stringify(found.map(run => [run.id, run.metrics]));
  return React.useMemo(() => found, [state]);
}
