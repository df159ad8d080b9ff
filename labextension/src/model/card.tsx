/** What is known of one version, beside the page. */

import * as React from 'react';

import { WholeVersion } from '../api/types';
import { Button, Choice, IconButton, ProblemBox, TextForm } from '../elements';
import { Pairs } from '../run/pairs';
import { number, size, titleOf } from '../runs/words';
import { Problem, problemOf } from '../problems';
import { Shown } from './page';

const MOST = 12;

/** The card. */
export function CardOf(props: Shown): React.JSX.Element {
  const { around, model, chosen, choose } = props;
  const { trans } = around;
  const names = Object.fromEntries(
    model.versions.map(one => [
      String(one.version),
      [`v${one.version}`, ...one.aliases].join(', ')
    ])
  );
  return (
    <aside
      className="jp-mlops-model-card"
      aria-label={trans.__('Card of v%1', chosen.version)}
    >
      <div className="jp-mlops-line">
        <h2>{trans.__('Card of v%1', chosen.version)}</h2>
        <span className="jp-mlops-gap" />
        <Choice
          label={trans.__('Version')}
          value={String(chosen.version)}
          values={model.versions.map(one => String(one.version))}
          names={names}
          onChange={text => choose(Number(text))}
        />
      </div>
      <Words {...props} />
      <Facts {...props} />
      <Importance version={chosen} {...props} />
      <Budget {...props} />
      <Whole key={chosen.version} {...props} />
    </aside>
  );
}

function Words(props: Shown): React.JSX.Element {
  const { around, chosen } = props;
  const { trans } = around;
  return (
    <>
      <Said
        key={`${chosen.version} intended_use`}
        {...props}
        name="intended_use"
        title={trans.__('Purpose')}
        asks={trans.__('What is it for?')}
      />
      <Said
        key={`${chosen.version} limits`}
        {...props}
        name="limits"
        title={trans.__('Limits')}
        asks={trans.__('What is it not for, and where does it fail?')}
      />
      {chosen.note && (
        <section>
          <h2>{trans.__('Note')}</h2>
          <p>{chosen.note}</p>
        </section>
      )}
    </>
  );
}

/** What people say of a version under one heading; it is written here, and who wrote it stands in the audit log. */
function Said(
  props: Shown & {
    name: 'intended_use' | 'limits';
    title: string;
    asks: string;
  }
): React.JSX.Element {
  const { around, fetched, model, chosen, name, title, asks } = props;
  const { trans, client } = around;
  const [isOpen, setOpen] = React.useState(false);
  const said = chosen[name];
  const save = async (text: string): Promise<void> => {
    const version = { model: model.name, version: chosen.version };
    await fetched.do(() => client.describe({ ...version, [name]: text }));
    setOpen(false);
  };
  return (
    <section>
      <div className="jp-mlops-line">
        <h2>{title}</h2>
        <span className="jp-mlops-gap" />
        {model.writable && !isOpen && (
          <IconButton
            icon="edit"
            label={trans.__('Edit %1', title)}
            onClick={() => setOpen(true)}
          />
        )}
      </div>
      {isOpen ? (
        <TextForm
          className="jp-mlops-note"
          initial={said}
          onSave={text => void save(text)}
          onCancel={() => setOpen(false)}
        >
          {field => (
            <>
              <textarea aria-label={title} placeholder={asks} {...field} />
              <Button
                label={trans.__('Save %1', title)}
                disabled={field.value === said}
              />
            </>
          )}
        </TextForm>
      ) : (
        <p data-none={said === ''}>{said || trans.__('Not stated')}</p>
      )}
    </section>
  );
}

function Facts({ around, chosen }: Shown): React.JSX.Element {
  const { trans } = around;
  const data = dataOf(chosen, trans);
  const python = chosen.requirements.filter(line =>
    /^(scikit-learn|torch|xgboost|lightgbm)=/.test(line)
  );
  return (
    <>
      {(data.length > 0 || chosen.columns.length > 0) && (
        <section>
          <h2>{trans.__('Data')}</h2>
          <Pairs
            trans={trans}
            pairs={[
              ...data,
              ...(chosen.columns.length > 0
                ? [
                    {
                      name: trans.__('Takes'),
                      value: chosen.columns.join(', ')
                    }
                  ]
                : [])
            ]}
          />
        </section>
      )}
      <section>
        <h2>{trans.__('Model')}</h2>
        <Pairs
          trans={trans}
          pairs={[
            {
              name: trans.__('Kind'),
              value: chosen.class.split('.').pop() ?? ''
            },
            { name: trans.__('Size'), value: size(chosen.size) },
            { name: trans.__('Format'), value: chosen.format },
            ...python.map(line => ({
              name: line.split('==')[0] ?? line,
              value: line.split('==')[1] ?? ''
            }))
          ]}
        />
      </section>
      <Lineage around={around} version={chosen} />
    </>
  );
}

/** What is known of the data in words of people: its rows and its period, not how it was stored. */
function dataOf(
  { data }: WholeVersion,
  trans: Shown['around']['trans']
): { name: string; value: string }[] {
  const rows = /^\[(\d+)/.exec(data.shape ?? '')?.[1];
  const others = Object.entries(data).filter(
    ([name]) => !['hash', 'columns', 'kind', 'shape'].includes(name)
  );
  return [
    ...(rows
      ? [{ name: trans.__('Rows'), value: Number(rows).toLocaleString('en') }]
      : []),
    ...others.map(([name, value]) => ({ name, value }))
  ];
}

/** The runs, the notebook and the commit that a version comes from. */
function Lineage(props: {
  around: Shown['around'];
  version: WholeVersion;
}): React.JSX.Element {
  const { around, version } = props;
  const { trans } = around;
  const source = version.made_by[0]?.source ?? '';
  const commit = version.made_by.find(run => run.commit !== '')?.commit;
  const link = (text: string, act: () => void): React.JSX.Element => (
    <button type="button" className="jp-mlops-link" onClick={act}>
      {text}
    </button>
  );
  const pairs = [
    ...version.made_by.map(run => ({
      name: run.kind === 'step' ? trans.__('Step') : trans.__('Made by'),
      value: link(titleOf(run), () => around.open(run))
    })),
    ...(source.endsWith('.ipynb')
      ? [
          {
            name: trans.__('Notebook'),
            value: link(source, () => around.openFile(source))
          }
        ]
      : []),
    ...(commit ? [{ name: trans.__('Commit'), value: commit }] : [])
  ];
  return (
    <section>
      <h2>{trans.__('Lineage')}</h2>
      {pairs.length === 0 ? (
        <p data-none="true">{trans.__('It was registered outside any run.')}</p>
      ) : (
        <Pairs trans={trans} pairs={pairs} />
      )}
    </section>
  );
}

/** A number with so many decimals; nothing is below zero by its rounding. */
function fixed(value: number, decimals: number): string {
  const text = value.toFixed(decimals);
  return Number(text) === 0 ? text.replace('-', '') : text;
}

function Importance({
  around,
  version
}: Shown & { version: WholeVersion }): React.JSX.Element {
  const { trans } = around;
  const { kind, features } = version.importance;
  const most = Math.max(...features.map(one => Math.abs(one.value)), 1e-12);
  const decimals = Math.min(Math.max(2 - Math.floor(Math.log10(most)), 0), 12);
  return (
    <section>
      <h2>{trans.__('Importance')}</h2>
      {features.length === 0 ? (
        <p data-none="true">
          {trans.__('Models of this kind keep no importance of their columns.')}
        </p>
      ) : (
        <>
          <ul className="jp-mlops-bars" aria-label={kind}>
            {features.slice(0, MOST).map(({ name, value, bounds }) => (
              <li key={name}>
                <span title={name}>{name}</span>
                <i
                  data-sure={(bounds ?? [value]).every(end => end * value > 0)}
                  style={{ width: `${(Math.abs(value) / most) * 100}%` }}
                />
                <small
                  title={
                    bounds
                      ? trans.__(
                          '%1 (%2 to %3)',
                          ...[value, ...bounds].map(number)
                        )
                      : undefined
                  }
                >
                  {fixed(value, decimals)}
                </small>
              </li>
            ))}
          </ul>
          <div className="jp-mlops-hint">
            {features.length > MOST
              ? trans.__('%1 of %2 columns, %3', MOST, features.length, kind)
              : kind}
          </div>
        </>
      )}
    </section>
  );
}

/** What the verdict rests on, and what later comparisons on the same rows may still spend. */
function Budget({ around, chosen }: Shown): React.JSX.Element | null {
  const { trans } = around;
  const { judged } = chosen;
  if (judged === null) {
    return null;
  }
  const left = Math.max(judged.left, 0);
  return (
    <section>
      <h2>{trans.__('Judged on')}</h2>
      <Pairs
        trans={trans}
        pairs={[
          { name: trans.__('Rows'), value: judged.rows.toLocaleString('en') },
          { name: trans.__('Evaluation set'), value: judged.evaluation },
          {
            name: trans.__('Against'),
            value: judged.champion
              ? `v${judged.champion}`
              : trans.__('no champion')
          },
          {
            name: trans.__('Error budget left'),
            value: trans.__(
              '%1 % of %2 %',
              number(left * 100),
              number(judged.budget * 100)
            )
          }
        ]}
      />
      <meter
        min={0}
        max={judged.budget || 1}
        value={left}
        aria-label={trans.__('Error budget left')}
      />
    </section>
  );
}

/** The whole card, as it is exported. */
function Whole({ around, model, chosen }: Shown): React.JSX.Element {
  const { trans, client, rendermime } = around;
  const host = React.useRef<HTMLDivElement>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  const show = async (): Promise<void> => {
    const place = host.current;
    if (place === null || place.childElementCount > 0) {
      return;
    }
    try {
      const { text } = await client.card(`${model.name}/${chosen.version}`);
      if (rendermime === null) {
        place.append(document.createElement('pre'));
        (place.firstElementChild as HTMLElement).textContent = text;
        return;
      }
      const renderer = rendermime.createRenderer('text/markdown');
      await renderer.renderModel(
        rendermime.createModel({ data: { 'text/markdown': text } })
      );
      place.replaceChildren(renderer.node);
    } catch (error) {
      setProblem(problemOf(error));
    }
  };
  return (
    <section>
      <details onToggle={() => void show()}>
        <summary>{trans.__('Whole card')}</summary>
        <ProblemBox problem={problem} />
        <div ref={host} className="jp-mlops-whole-card" />
      </details>
    </section>
  );
}
