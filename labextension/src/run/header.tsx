/** The head of a run's page: state, name and deeds, and one grey line of facts. */

import * as React from 'react';

import { Button, Chip, IconButton, Menu, State } from '../elements';
import {
  exactly,
  isOpen,
  lastedOf,
  money,
  moneyOf,
  seconds,
  size,
  stateOf,
  titleOf,
  took,
  when
} from '../runs/words';
import { Shown } from './page';

/** The name, the facts, and what can be done. */
export function Header({ around, model, found }: Shown): React.JSX.Element {
  const { trans, marked } = around;
  const { baseline, made } = model;
  const hasNotebook = 'notebook' in found.facts;
  const isBaseline = marked.baseline === found.id;
  return (
    <header>
      <div className="jp-mlops-line">
        <State {...stateOf(found, trans)} />
        <Name around={around} model={model} found={found} />
        <Chip text={found.experiment} />
        {isBaseline && <Chip text={trans.__('Baseline')} />}
        {made.map(({ model: name, version }) => (
          <button
            key={`${name} ${version.version}`}
            type="button"
            className="jp-mlops-made"
            title={trans.__('Open the page of %1', name)}
            onClick={() => around.openModel(name, version.version)}
          >{`→ ${name} v${version.version}`}</button>
        ))}
        <span className="jp-mlops-gap" />
        {baseline && (
          <Button
            label={trans.__('Compare with Baseline')}
            onClick={() => around.compare([baseline.id, found.id])}
          />
        )}
        {found.kind === 'sweep' && (
          <Button
            label={trans.__('Trials')}
            onClick={() => around.openSweep(found.id, found.name)}
          />
        )}
        <Ways around={around} model={model} found={found} />
        {hasNotebook && found.kind !== 'pipeline' && (
          <Button
            label={trans.__('Reproduce')}
            onClick={() => around.execute('reproduce', found.id)}
          />
        )}
        <IconButton
          icon="link"
          label={trans.__('Copy Link')}
          onClick={() =>
            around.copyLink({ kind: 'run', id: found.id, name: found.name })
          }
        />
        <Deeds around={around} model={model} found={found} />
      </div>
      <Facts around={around} model={model} found={found} />
    </header>
  );
}

/** The ways on from the run of a pipeline, or of one of its steps. */
function Ways({ around, model, found }: Shown): React.JSX.Element | null {
  const { trans } = around;
  if (isOpen(found.status)) {
    return null;
  }
  if (found.kind === 'pipeline' && found.source.endsWith('.ipynb')) {
    return (
      <Button
        icon="run"
        label={trans.__('Run Again')}
        title={trans.__('With the parameters of this run')}
        onClick={() => void model.runAgain(around.open)}
      />
    );
  }
  return found.kind === 'step' && found.parent !== '' ? (
    <StepWays around={around} model={model} step={found.name} />
  ) : null;
}

/** Runs a pipeline from a step on, and opens a notebook of the step. */
export function StepWays({
  around,
  model,
  step
}: Pick<Shown, 'around' | 'model'> & { step: string }): React.JSX.Element {
  const { trans } = around;
  return (
    <>
      <Button
        icon="run"
        label={trans.__('Run from Here')}
        title={trans.__(
          'Computes this step and those below it anew, with the parameters of this run'
        )}
        onClick={() => void model.runAgain(around.open, step)}
      />
      <Button
        icon="kernel"
        label={trans.__('Open a Kernel Here')}
        title={trans.__('A notebook of this step, with its inputs loaded')}
        onClick={() => void model.openKernel(around.openAt, step)}
      />
    </>
  );
}

/** The name, which can be changed where it stands. */
function Name({ around, model, found }: Shown): React.JSX.Element {
  const { trans } = around;
  const [text, setText] = React.useState<string | null>(null);
  if (text === null) {
    return (
      <>
        <h1 title={found.name}>{titleOf(found)}</h1>
        <IconButton
          icon="edit"
          label={trans.__('Rename')}
          onClick={() => setText(found.name)}
        />
      </>
    );
  }
  const finish = (): void => {
    setText(null);
    if (text.trim() !== '' && text !== found.name) {
      void model.edit({ name: text.trim() });
    }
  };
  return (
    <input
      className="jp-mlops-rename"
      aria-label={trans.__('Name of the run')}
      autoFocus
      value={text}
      onFocus={event => event.target.select()}
      onChange={event => setText(event.target.value)}
      onBlur={finish}
      onKeyDown={event => {
        if (event.key === 'Enter') {
          finish();
        } else if (event.key === 'Escape') {
          setText(null);
        }
      }}
    />
  );
}

function Facts({ around, found, model }: Shown): React.JSX.Element {
  const { trans } = around;
  const now = Date.now() / 1000;
  const cost = found.cost ?? null;
  const cached = model.steps?.steps.filter(step => step.cached).length ?? 0;
  const facts: [string, string][] = [
    [lastedOf(found.status, took(found, now), trans), found.reason],
    [when(found.started, now, trans), exactly(found.started)],
    [found.source.split('/').pop() ?? '', found.source],
    [found.user === '' ? '' : trans.__('started by %1', found.user), ''],
    [
      cost && cost.peak_memory > 0
        ? trans.__('peak memory %1', size(cost.peak_memory))
        : '',
      ''
    ],
    [
      cost && cost.cpu_seconds > 0
        ? trans.__('CPU time %1', seconds(cost.cpu_seconds))
        : '',
      trans.__('With all steps and the processes that they made')
    ],
    [
      cost && cost.gpu_seconds > 0
        ? trans.__('GPU %1', seconds(cost.gpu_seconds))
        : '',
      ''
    ],
    [moneyOf(cost), trans.__('At the prices of today')],
    [
      cost && cost.saved_cpu_seconds > 0
        ? trans.__('the cache saved %1', seconds(cost.saved_cpu_seconds))
        : '',
      cost && cost.saved_money > 0 ? money(cost.saved_money, cost.currency) : ''
    ],
    [
      cached > 0
        ? trans.__('%1 of %2 steps cached', cached, model.steps?.steps.length)
        : '',
      ''
    ]
  ];
  return (
    <div className="jp-mlops-facts">
      {facts
        .filter(([text]) => text !== '')
        .map(([text, title]) => (
          <span key={text} title={title}>
            {text}
          </span>
        ))}
    </div>
  );
}

/** What else can be done with the run. */
function Deeds({ around, found }: Shown): React.JSX.Element {
  const { trans, marked } = around;
  const hasNotebook = 'notebook' in found.facts;
  const hasReport = found.artifacts.some(file => file.path === 'report.html');
  const isBaseline = marked.baseline === found.id;
  return (
    <Menu
      bare
      label={trans.__('More')}
      entries={[
        ...(hasNotebook
          ? [
              {
                label: trans.__('Open Notebook as It Was'),
                act: () => around.execute('notebook', found.id)
              }
            ]
          : []),
        ...(hasNotebook && found.kind === 'pipeline'
          ? [
              {
                label: trans.__('Reproduce'),
                act: () => around.execute('reproduce', found.id)
              }
            ]
          : []),
        ...(hasReport
          ? [
              {
                label: trans.__('Open Report'),
                act: () => around.execute('report', found.id)
              }
            ]
          : []),
        {
          label: isBaseline
            ? trans.__('Unpin as Baseline')
            : trans.__('Pin as Baseline'),
          act: () => marked.pin(found.id)
        },
        {
          label: trans.__('Copy Id'),
          act: () => void navigator.clipboard.writeText(found.id)
        }
      ]}
    />
  );
}
