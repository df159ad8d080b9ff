/** One run in the main area: what is known of it, its note to edit, its curves, files and parts. */

import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { ISignal } from '@lumino/signaling';
import * as React from 'react';

import { Client } from '../api/client';
import { Run, RunDetail } from '../api/types';
import { Button, ProblemBox } from '../elements';
import { Problem, problemOf } from '../problems';
import { markOf, number, took } from './words';

const Charts = React.lazy(() => import('./charts'));
const IMAGE = /\.(png|jpe?g|gif|webp)$/i;

/** What the pages of runs need of their surroundings. */
export interface Surroundings {
  client: Client;
  /** The store has changed. */
  changes: ISignal<unknown, void>;
  /** Executes a command of this extension on a run. */
  execute: (command: 'notebook' | 'report' | 'reproduce', id: string) => void;
  open: (run: Pick<Run, 'id' | 'name'>) => void;
  trans: TranslationBundle;
}

/** The page of one run. */
export class DetailView extends ReactWidget {
  constructor(
    private readonly _around: Surroundings,
    readonly run: Pick<Run, 'id' | 'name'>
  ) {
    super();
    this.addClass('jp-mlops-comparison');
    this.title.label = run.name;
    this.title.closable = true;
  }

  protected override render(): React.JSX.Element {
    return (
      <UseSignal signal={this._around.changes}>
        {() => <Detail around={this._around} id={this.run.id} />}
      </UseSignal>
    );
  }
}

function Detail(props: {
  around: Surroundings;
  id: string;
}): React.JSX.Element {
  const { around, id } = props;
  const [found, setFound] = React.useState<RunDetail | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const isOver = found !== null && found.ended !== null;
  React.useEffect(() => {
    if (isOver) {
      return;
    }
    around.client.run(id).then(setFound, error => setProblem(problemOf(error)));
  }); // again with every change of the store, while the run goes on
  const runs = React.useMemo(
    () =>
      found === null
        ? []
        : [
            {
              ...found,
              deleted: false,
              metrics: Object.fromEntries(
                Object.entries(found.metrics).map(([name, m]) => [
                  name,
                  m.latest
                ])
              )
            }
          ],
    [found]
  );
  return (
    <div>
      <ProblemBox problem={problem} />
      {found && (
        <>
          <h2 data-status={found.status}>
            <span className="jp-mlops-mark">{markOf(found.status)}</span>{' '}
            {found.name}
          </h2>
          <Buttons around={around} found={found} />
          <About found={found} trans={around.trans} />
          <Note client={around.client} found={found} trans={around.trans} />
          <Values found={found} trans={around.trans} />
          <React.Suspense fallback={null}>
            <Charts client={around.client} runs={runs} trans={around.trans} />
          </React.Suspense>
          <Parts around={around} found={found} />
          <Files client={around.client} found={found} trans={around.trans} />
        </>
      )}
    </div>
  );
}

function Buttons(props: {
  around: Surroundings;
  found: RunDetail;
}): React.JSX.Element {
  const { around, found } = props;
  const { trans } = around;
  const hasNotebook = 'notebook' in found.facts;
  const hasReport = found.artifacts.some(file => file.path === 'report.html');
  return (
    <div className="jp-mlops-buttons">
      {hasNotebook && (
        <Button
          label={trans.__('Open Notebook as It Was')}
          onClick={() => around.execute('notebook', found.id)}
        />
      )}
      {hasReport && (
        <Button
          label={trans.__('Open Report')}
          onClick={() => around.execute('report', found.id)}
        />
      )}
      {hasNotebook && (
        <Button
          label={trans.__('Reproduce')}
          onClick={() => around.execute('reproduce', found.id)}
        />
      )}
    </div>
  );
}

function About(props: {
  found: RunDetail;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { found, trans } = props;
  const git = (found.facts.git ?? {}) as { commit?: string };
  const usage = (found.facts.usage ?? {}) as { peak_memory?: number };
  const memory = usage.peak_memory ?? 0;
  const rows: [string, string][] = [
    [trans.__('Status'), `${found.status} ${found.reason}`],
    [trans.__('Started'), new Date(found.started * 1000).toLocaleString()],
    [trans.__('Took'), took(found, Date.now() / 1000)],
    [
      trans.__('Memory'),
      memory > 0 ? `${(memory / 1e6).toLocaleString('en')} MB` : ''
    ],
    [trans.__('Experiment'), found.experiment],
    [trans.__('Source'), found.source],
    [trans.__('Commit'), git.commit?.slice(0, 12) ?? ''],
    [trans.__('By'), found.user],
    [trans.__('Id'), found.id]
  ];
  return (
    <table>
      <tbody>
        {rows
          .filter(([, text]) => text.trim() !== '')
          .map(([name, text]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{text}</td>
            </tr>
          ))}
      </tbody>
    </table>
  );
}

function Note(props: {
  client: Client;
  found: RunDetail;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { client, found, trans } = props;
  const [text, setText] = React.useState(found.note);
  const [told, setTold] = React.useState('');
  return (
    <form
      className="jp-mlops-note"
      onSubmit={event => {
        event.preventDefault();
        client.edit(found.id, { note: text }).then(
          () => setTold(trans.__('Saved')),
          error => setTold(problemOf(error).message)
        );
      }}
    >
      <textarea
        aria-label={trans.__('Note')}
        placeholder={trans.__('What should people know of this run?')}
        value={text}
        onChange={event => setText(event.target.value)}
      />
      <Button label={trans.__('Save Note')} disabled={text === found.note} />
      <span role="status">{told}</span>
    </form>
  );
}

function Values(props: {
  found: RunDetail;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { found, trans } = props;
  const rows: [string, string, string][] = [
    ...Object.entries(found.metrics).map(
      ([name, metric]): [string, string, string] => [
        trans.__('metric'),
        name,
        metric.iteration > 0
          ? `${number(metric.latest)}  (${number(metric.minimum)} … ${number(metric.maximum)})`
          : number(metric.latest)
      ]
    ),
    ...Object.entries(found.params).map(
      ([name, value]): [string, string, string] => [
        trans.__('param'),
        name,
        value
      ]
    ),
    ...Object.entries(found.tags).map(
      ([name, value]): [string, string, string] => [
        trans.__('tag'),
        name,
        value
      ]
    )
  ];
  return (
    <table>
      <tbody>
        {rows.map(([kind, name, value]) => (
          <tr key={`${kind} ${name}`}>
            <td>{kind}</td>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Parts(props: {
  around: Surroundings;
  found: RunDetail;
}): React.JSX.Element | null {
  const { around, found } = props;
  if (found.children.length === 0) {
    return null;
  }
  return (
    <table aria-label={around.trans.__('Parts')}>
      <tbody>
        {found.children.map(child => (
          <tr key={child.id} data-status={child.status}>
            <td>
              <span className="jp-mlops-mark">{markOf(child.status)}</span>
            </td>
            <th scope="row">
              <button
                className="jp-mlops-link"
                onClick={() => around.open(child)}
              >
                {child.name}
              </button>
            </th>
            <td>{took(child, Date.now() / 1000)}</td>
            <td>{child.reason}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Files(props: {
  client: Client;
  found: RunDetail;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { client, found, trans } = props;
  const images = found.artifacts.filter(file => IMAGE.test(file.path));
  return (
    <div>
      {images.map(file => (
        <img
          key={file.path}
          className="jp-mlops-image"
          src={client.fileUrl(found.id, file.path)}
          alt={file.path}
          title={file.path}
        />
      ))}
      <ul aria-label={trans.__('Files')}>
        {found.artifacts.map(file => (
          <li key={file.path}>
            <a href={client.fileUrl(found.id, file.path)} download>
              {file.path}
            </a>{' '}
            {trans.__('%1 bytes', file.size.toLocaleString('en'))}
          </li>
        ))}
      </ul>
    </div>
  );
}
