/** One run in the main area: what is known of it, its note to edit, its curves, files and parts. */

import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Client } from '../api/client';
import { Run, RunDetail } from '../api/types';
import { Problem, problemOf } from './model';
import { markOf, number, took } from './words';

const Charts = React.lazy(() => import('./charts'));
const IMAGE = /\.(png|jpe?g|gif|webp)$/i;

interface Props {
  client: Client;
  run: Run;
  trans: TranslationBundle;
}

/** The page of one run. */
export class DetailView extends ReactWidget {
  constructor(private readonly _props: Props) {
    super();
    this.addClass('jp-mlops-comparison');
    this.title.label = _props.run.name;
    this.title.closable = true;
  }

  protected override render(): React.JSX.Element {
    return <Detail {...this._props} />;
  }
}

function Detail({ client, run, trans }: Props): React.JSX.Element {
  const [found, setFound] = React.useState<RunDetail | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const runs = React.useMemo(() => [run], [run]);
  React.useEffect(() => {
    client.run(run.id).then(setFound, error => setProblem(problemOf(error)));
  }, [run.id]);
  return (
    <div>
      <h2 data-status={run.status}>
        <span className="jp-mlops-mark">{markOf(run.status)}</span> {run.name}
      </h2>
      {problem && (
        <div className="jp-mlops-problem" role="alert">
          {problem.message} {problem.hint}
        </div>
      )}
      {found && (
        <>
          <About found={found} trans={trans} />
          <Note client={client} found={found} trans={trans} />
          <Values found={found} trans={trans} />
          <React.Suspense fallback={null}>
            <Charts client={client} runs={runs} trans={trans} />
          </React.Suspense>
          <Files client={client} found={found} trans={trans} />
        </>
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
  const rows: [string, string][] = [
    [trans.__('Status'), `${found.status} ${found.reason}`],
    [trans.__('Started'), new Date(found.started * 1000).toLocaleString()],
    [trans.__('Took'), took({ ...found, metrics: {} }, Date.now() / 1000)],
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
              <th>{name}</th>
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
      <button className="jp-mod-styled" disabled={text === found.note}>
        {trans.__('Save Note')}
      </button>
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
            <th>{name}</th>
            <td>{value}</td>
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
