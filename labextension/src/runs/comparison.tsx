/** Runs side by side in the main area: values, curves, relations, figures, code and environment. */

import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Client } from '../api/client';
import { Comparison, Line, Run, Value } from '../api/types';
import { Button, ProblemBox } from '../elements';
import { Problem, problemOf } from '../problems';
import { csv, download } from './saving';
import { canDraw } from './vega';
import { markOf, number } from './words';

const Charts = React.lazy(() => import('./charts'));
const Relations = React.lazy(() => import('./relations'));
const Code = React.lazy(() => import('./code'));
const IMAGE = /\.(png|jpe?g|gif|webp)$/i;
const MOST_FIGURES = 12;

interface Props {
  client: Client;
  ids: readonly string[];
  rendermime: IRenderMimeRegistry | null;
  trans: TranslationBundle;
}

/** The comparison of some runs. */
export class ComparisonView extends ReactWidget {
  constructor(private readonly _props: Props) {
    super();
    this.addClass('jp-mlops-comparison');
    this.title.label = _props.trans.__('Compare %1 Runs', _props.ids.length);
    this.title.closable = true;
  }

  get ids(): readonly string[] {
    return this._props.ids;
  }

  protected override render(): React.JSX.Element {
    return <Page {...this._props} />;
  }
}

function Page({ client, ids, rendermime, trans }: Props): React.JSX.Element {
  const [found, setFound] = React.useState<Comparison | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const [only, setOnly] = React.useState(false);
  React.useEffect(() => {
    client.compare(ids).then(setFound, error => setProblem(problemOf(error)));
  }, [ids]);
  if (problem) {
    return <ProblemBox problem={problem} />;
  }
  if (found === null) {
    return <div />;
  }
  const shown = found.lines.filter(line => line.differs || !only);
  const isOfEnvironment = (line: Line): boolean => line.kind === 'fact';
  return (
    <div>
      <div className="jp-mlops-buttons">
        <label>
          <input
            type="checkbox"
            checked={only}
            onChange={event => setOnly(event.target.checked)}
          />
          {trans.__('Differences alone')}
        </label>
        <Button
          label={trans.__('Save as CSV')}
          onClick={() => saveTable(found)}
        />
      </div>
      <Lines
        runs={found.runs}
        lines={shown.filter(line => !isOfEnvironment(line))}
        label={trans.__('Values')}
      />
      <React.Suspense fallback={null}>
        <Charts client={client} runs={found.runs} trans={trans} />
      </React.Suspense>
      {rendermime && canDraw(rendermime) && (
        <React.Suspense fallback={null}>
          <Relations runs={found.runs} rendermime={rendermime} trans={trans} />
        </React.Suspense>
      )}
      <Figures client={client} runs={found.runs} trans={trans} />
      <React.Suspense fallback={null}>
        <Code client={client} runs={found.runs} trans={trans} />
      </React.Suspense>
      <h3>{trans.__('Environment')}</h3>
      <Lines
        runs={found.runs}
        lines={shown.filter(isOfEnvironment)}
        label={trans.__('Environment')}
      />
    </div>
  );
}

function saveTable({ runs, lines }: Comparison): void {
  const head = ['kind', 'name', ...runs.map(run => `${run.name} ${run.id}`)];
  const rows = lines.map(line => [line.kind, line.name, ...line.values]);
  const text = csv([head, ...rows]);
  download('comparison.csv', new Blob([text], { type: 'text/csv' }));
}

function Lines(props: {
  runs: readonly Run[];
  lines: readonly Line[];
  label: string;
}): React.JSX.Element {
  return (
    <table aria-label={props.label}>
      <thead>
        <tr>
          <td />
          <td />
          {props.runs.map(run => (
            <th key={run.id} scope="col" data-status={run.status}>
              <span className="jp-mlops-mark">{markOf(run.status)}</span>{' '}
              {run.name}
              <br />
              <small>{run.id.slice(0, 8)}</small>
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {props.lines.map(line => (
          <tr
            key={`${line.kind} ${line.name}`}
            className={line.differs ? 'jp-mod-differs' : ''}
          >
            <td>{line.kind}</td>
            <th scope="row">{line.name}</th>
            {line.values.map((value, place) => (
              <td key={place}>{shownAs(value)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function shownAs(value: Value | null): string {
  return value === null ? '–' : number(value);
}

/** Figures of the same name in one row, a run a column. */
function Figures(props: {
  client: Client;
  runs: readonly Run[];
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { client, runs, trans } = props;
  const [paths, setPaths] = React.useState<readonly string[][]>([]);
  React.useEffect(() => {
    Promise.all(
      runs
        .slice(0, MOST_FIGURES)
        .map(async run =>
          (await client.run(run.id)).artifacts
            .map(file => file.path)
            .filter(path => IMAGE.test(path))
        )
    ).then(setPaths, () => undefined); // the files are missed nowhere else
  }, [runs]);
  const names = [...new Set(paths.flat())];
  if (names.length === 0) {
    return null;
  }
  return (
    <section aria-label={trans.__('Figures')}>
      <h3>{trans.__('Figures')}</h3>
      {names.map(name => (
        <div key={name} className="jp-mlops-figures">
          {paths.map((own, place) => {
            const run = runs[place];
            return run && own.includes(name) ? (
              <figure key={run.id}>
                <img
                  className="jp-mlops-image"
                  src={client.fileUrl(run.id, name)}
                  alt={`${name}, ${run.name}`}
                />
                <figcaption>{`${name} · ${run.name}`}</figcaption>
              </figure>
            ) : null;
          })}
        </div>
      ))}
    </section>
  );
}
