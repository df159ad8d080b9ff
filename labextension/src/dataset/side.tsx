/** Beside the columns: all versions with their aliases, who has read this one, and what is known of it. */

import * as React from 'react';

import { Chip } from '../elements';
import { Pairs } from '../run/pairs';
import { exactly, when } from '../runs/words';
import type { Shown } from './page';

/** The side. */
export function Side(props: Shown): React.JSX.Element {
  const { around, dataset, whole } = props;
  const { trans } = around;
  const known = [
    { name: trans.__('Owner'), value: dataset.owner },
    { name: trans.__('Kind'), value: whole.kind },
    { name: trans.__('Digest'), value: whole.digest },
    { name: trans.__('Connection'), value: whole.connection }
  ].filter(({ value }) => value !== '');
  return (
    <aside className="jp-mlops-model-card" aria-label={dataset.name}>
      {dataset.note && (
        <section>
          <h2>{trans.__('Note')}</h2>
          <p>{dataset.note}</p>
        </section>
      )}
      <Versions {...props} />
      <Readers {...props} />
      <section>
        <h2>{trans.__('About v%1', whole.version)}</h2>
        <Pairs trans={trans} pairs={known} />
      </section>
    </aside>
  );
}

function Versions(props: Shown): React.JSX.Element {
  const { around, dataset, whole, choose, compare } = props;
  const { trans } = around;
  const now = Date.now() / 1000;
  return (
    <section>
      <h2>{trans.__('Versions')}</h2>
      <ul className="jp-mlops-versions">
        {dataset.versions.map(one => (
          <li key={one.version} data-chosen={one.version === whole.version}>
            <button
              type="button"
              className="jp-mlops-link"
              aria-pressed={one.version === whole.version}
              onClick={() => {
                compare('');
                choose(one.version);
              }}
            >
              {`v${one.version}`}
            </button>
            {one.aliases.map(alias => (
              <Chip key={alias} text={alias} />
            ))}
            <span className="jp-mlops-gap" />
            <span className="jp-mlops-hint" title={exactly(one.created)}>
              {[
                one.rows === null
                  ? ''
                  : trans.__('%1 rows', one.rows.toLocaleString('en')),
                when(one.created, now, trans)
              ]
                .filter(Boolean)
                .join(', ')}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Readers({ around, whole }: Shown): React.JSX.Element {
  const { trans } = around;
  const now = Date.now() / 1000;
  return (
    <section>
      <h2>{trans.__('Read by')}</h2>
      {whole.readers.length === 0 && (
        <p className="jp-mlops-hint">
          {trans.__(
            'No run has read v%1. In a cell: mlops_jlab.dataset("%2")',
            whole.version,
            whole.dataset
          )}
        </p>
      )}
      <ul className="jp-mlops-versions">
        {whole.readers.map(reader => (
          <li key={reader.run}>
            <button
              type="button"
              className="jp-mlops-link"
              onClick={() => around.open({ id: reader.run, name: reader.name })}
            >
              {reader.name}
            </button>
            {reader.models.map(model => {
              const [name = '', version = ''] = model.split('/');
              return (
                <button
                  key={model}
                  type="button"
                  className="jp-mlops-link"
                  title={trans.__('A model that came of it')}
                  onClick={() => around.openModel(name, Number(version))}
                >
                  {`→ ${name} v${version}`}
                </button>
              );
            })}
            <span className="jp-mlops-gap" />
            <span className="jp-mlops-hint" title={exactly(reader.started)}>
              {when(reader.started, now, trans)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
