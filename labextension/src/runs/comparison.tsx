/** Runs side by side in the main area: params, metrics and facts, with the differences marked. */

import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Client } from '../api/client';
import { Comparison, Value } from '../api/types';
import { Problem, problemOf } from './model';
import { markOf, number } from './words';

const Charts = React.lazy(() => import('./charts'));

/** The comparison of some runs. */
export class ComparisonView extends ReactWidget {
  constructor(
    private readonly _client: Client,
    private readonly _ids: readonly string[],
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-mlops-comparison');
    this.title.label = _trans.__('Compare %1 Runs', _ids.length);
    this.title.closable = true;
  }

  protected override render(): React.JSX.Element {
    return <Table client={this._client} ids={this._ids} trans={this._trans} />;
  }
}

function Table(props: {
  client: Client;
  ids: readonly string[];
  trans: TranslationBundle;
}): React.JSX.Element {
  const { client, ids, trans } = props;
  const [found, setFound] = React.useState<Comparison | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const [only, setOnly] = React.useState(false);
  React.useEffect(() => {
    client.compare(ids).then(setFound, error => setProblem(problemOf(error)));
  }, [ids]);
  if (problem) {
    return (
      <div className="jp-mlops-problem" role="alert">
        {problem.message} {problem.hint}
      </div>
    );
  }
  return (
    <div>
      <label>
        <input
          type="checkbox"
          checked={only}
          onChange={event => setOnly(event.target.checked)}
        />
        {trans.__('Differences alone')}
      </label>
      {found && <Lines found={found} only={only} />}
      {found && (
        <React.Suspense fallback={null}>
          <Charts client={client} runs={found.runs} trans={trans} />
        </React.Suspense>
      )}
    </div>
  );
}

function Lines(props: { found: Comparison; only: boolean }): React.JSX.Element {
  const { found, only } = props;
  return (
    <table>
      <thead>
        <tr>
          <th />
          <th />
          {found.runs.map(run => (
            <th key={run.id} data-status={run.status}>
              <span className="jp-mlops-mark">{markOf(run.status)}</span>{' '}
              {run.name}
              <br />
              <small>{run.id.slice(0, 8)}</small>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {found.lines
          .filter(line => line.differs || !only)
          .map(line => (
            <tr
              key={`${line.kind} ${line.name}`}
              className={line.differs ? 'jp-mod-differs' : ''}
            >
              <td>{line.kind}</td>
              <th>{line.name}</th>
              {line.values.map((value, place) => (
                <td key={place}>{shown(value)}</td>
              ))}
            </tr>
          ))}
      </tbody>
    </table>
  );
}

function shown(value: Value | null): string {
  return value === null ? '–' : number(value);
}
