/** One step in full: its cells, what it reads and gives, how long it took, its settings, its log. */

import * as React from 'react';

import { Graph, StepState } from '../api/types';
import { Button, Chip, IconButton, Menu, State } from '../elements';
import { hueAt } from '../runs/marked';
import { Printed } from '../runs/printed';
import { seconds, stateOf } from '../runs/words';
import { Fields } from '../steps/form';
import { afterOf } from './editing';
import { Editing } from './commands';
import type { Shown } from './page';
import { Times } from './times';
import { Measured, typeAndSize, Values } from './values';

interface Props extends Shown {
  step: string;
  graph: Graph;
  editing: Editing;
  onClose: () => void;
}

/** The drawer. */
export function Drawer(props: Props): React.JSX.Element | null {
  const { around, model, graph, step } = props;
  const { trans } = around;
  const place = graph.steps.findIndex(one => one.name === step);
  const found = graph.steps[place];
  if (found === undefined) {
    return null;
  }
  const state = model.stateOf(step);
  return (
    <aside
      className="jp-mlops-drawer"
      aria-label={trans.__('Step %1', step)}
      style={{ ['--jp-mlops-hue' as string]: `var(${hueAt(place)})` }}
    >
      <Head {...props} state={state} />
      <Ways {...props} state={state} />
      <Wrong {...props} />
      <Cells {...props} cells={found.cells} />
      <Part title={trans.__('Reads')}>
        <Values
          names={[...found.inputs, ...parametersOf(props, found.cells)]}
          about={name => aboutInput(props, name)}
          trans={trans}
        />
      </Part>
      <Part title={trans.__('Gives')}>
        <Values
          names={found.outputs}
          about={name => typeAndSize(state?.values[name] ?? '')}
          trans={trans}
        />
        {state && <Measured around={around} run={state.run} />}
      </Part>
      <Times
        around={around}
        step={step}
        path={model.path}
        last={model.last?.run?.id ?? ''}
      />
      <SettingsPart {...props} />
      {state && (
        <Part title={trans.__('Log')}>
          <Printed
            client={around.client}
            run={model.last?.run?.id ?? ''}
            step={step}
            isOpen={state.status === 'running'}
            trans={trans}
          />
        </Part>
      )}
    </aside>
  );
}

/** A part of the drawer. */
export function Part(props: {
  title: string;
  hint?: string;
  action?: React.ReactNode;
  children: React.ReactNode;
}): React.JSX.Element {
  return (
    <section aria-label={props.title}>
      <div className="jp-mlops-line">
        <h2>{props.title}</h2>
        <span className="jp-mlops-hint">{props.hint}</span>
        <span className="jp-mlops-gap" />
        {props.action}
      </div>
      {props.children}
    </section>
  );
}

function Head({
  around,
  model,
  step,
  state,
  editing,
  onClose
}: Props & { state: StepState | undefined }): React.JSX.Element {
  const { trans } = around;
  const { run } = model.last ?? {};
  const took = state?.duration === null ? '' : seconds(state?.duration ?? 0);
  return (
    <header className="jp-mlops-line">
      <i className="jp-mlops-hue-dot" />
      <h1 title={step}>{step}</h1>
      {state && <State {...stateOf(state, trans)} />}
      {state && run && (
        <button
          className="jp-mlops-link jp-mlops-hint"
          onClick={() => around.open({ id: state.run, name: step })}
        >
          {state.cached
            ? trans.__('cached in #%1', run.number)
            : trans.__('%1 in #%2', took, run.number)}
        </button>
      )}
      <span className="jp-mlops-gap" />
      <Menu
        bare
        label={trans.__('More')}
        entries={[
          { label: trans.__('Rename…'), act: () => editing.rename(step) },
          {
            label: trans.__('Show in Notebook'),
            act: () =>
              void around.openAt(
                model.path,
                model.graph?.steps.find(one => one.name === step)?.cells[0] ??
                  ''
              )
          }
        ]}
      />
      <IconButton icon="close" label={trans.__('Close')} onClick={onClose} />
    </header>
  );
}

/** The ways on from a step of the last run. */
function Ways({
  around,
  model,
  step,
  state
}: Props & { state: StepState | undefined }): React.JSX.Element | null {
  const { trans } = around;
  const run = model.last?.run?.id;
  if (state === undefined || run === undefined || state.status === 'running') {
    return null;
  }
  const hasFailed = state.status === 'failed' || state.status === 'blocked';
  return (
    <section>
      {hasFailed && <pre role="alert">{state.reason}</pre>}
      <div className="jp-mlops-line">
        {hasFailed && model.last?.resumable && (
          <Button
            icon="run"
            label={trans.__('Resume')}
            onClick={() => void model.run(run)}
          />
        )}
        <Button
          icon="run"
          label={trans.__('Run from Here')}
          title={trans.__(
            'Computes this step and those below it anew, with the parameters of the last run'
          )}
          onClick={() => void model.runFrom(run, step)}
        />
        <Button
          icon="kernel"
          label={
            hasFailed
              ? trans.__('Open at Failure')
              : trans.__('Open a Kernel Here')
          }
          title={trans.__('A notebook of this step, with its inputs loaded')}
          onClick={() => void model.debug(run, step)}
        />
      </div>
    </section>
  );
}

/** What is wrong in the step's cells. */
function Wrong({ graph, step }: Props): React.JSX.Element | null {
  const own = new Set(graph.steps.find(one => one.name === step)?.cells ?? []);
  const found = graph.findings.filter(one => own.has(one.cell_id));
  return found.length === 0 ? null : (
    <section>
      {found.map((one, place) => (
        <p key={place} className="jp-mlops-fault" data-severity={one.severity}>
          {one.message}
          {one.hint !== '' && <small>{one.hint}</small>}
        </p>
      ))}
    </section>
  );
}

function Cells({
  around,
  model,
  step,
  cells,
  editing
}: Props & { cells: readonly string[] }): React.JSX.Element {
  const { trans } = around;
  return (
    <>
      {cells.map((cell, place) => (
        <Part
          key={cell}
          title={trans.__('Cell %1', model.numberOf(cell))}
          action={
            <>
              {place > 0 && (
                <button
                  className="jp-mlops-link"
                  title={trans.__(
                    'From here on, its cells are a step of their own'
                  )}
                  onClick={() => editing.split(step, cell)}
                >
                  {trans.__('Split here…')}
                </button>
              )}
              <button
                className="jp-mlops-link"
                onClick={() => void around.openAt(model.path, cell)}
              >
                {trans.__('Show in notebook')}
              </button>
            </>
          }
        >
          <pre className="jp-mlops-log" tabIndex={0}>
            {model.sourceOf(cell)}
          </pre>
        </Part>
      ))}
    </>
  );
}

/** The parameters that the cells of a step name. */
function parametersOf(
  { graph, model }: Props,
  cells: readonly string[]
): string[] {
  const source = cells.map(cell => model.sourceOf(cell)).join('\n');
  const words = new Set(source.match(/[\p{L}_][\p{L}\p{N}_]*/gu));
  return graph.parameters.map(one => one.name).filter(name => words.has(name));
}

/** What is known of a value that a step reads: a parameter's default, or what the step above made of it. */
function aboutInput(
  { graph, model, step, around }: Props,
  name: string
): readonly [type: string, size: string] {
  const parameter = graph.parameters.find(one => one.name === name);
  if (parameter !== undefined) {
    const value = parameter.secret ? '' : JSON.stringify(parameter.default);
    return [around.trans.__('parameter'), value ?? ''];
  }
  const from = graph.edges.filter(
    edge => edge.to === step && edge.names.includes(name)
  );
  const [about] = from
    .reverse()
    .map(edge => model.stateOf(edge.from)?.values[name] ?? '')
    .filter(Boolean);
  return typeAndSize(about ?? '');
}

function SettingsPart({ around, model, step }: Props): React.JSX.Element {
  const { trans } = around;
  const [isOpen, setOpen] = React.useState(false);
  const settings = model.settingsOf(step);
  const after = afterOf(model.cells, step);
  return (
    <Part
      title={trans.__('Settings')}
      hint={
        Object.keys(settings).length === 0
          ? trans.__('all as usual')
          : undefined
      }
      action={
        <IconButton
          icon="edit"
          label={trans.__('Edit')}
          pressed={isOpen}
          onClick={() => setOpen(!isOpen)}
        />
      }
    >
      {isOpen ? (
        <div className="jp-mlops-form">
          <Fields
            step={step}
            settings={settings}
            onChange={next => model.writeSettings(step, next)}
            trans={trans}
          />
        </div>
      ) : (
        <Values
          names={Object.keys(settings)}
          about={name => ['', String(settings[name])]}
          trans={trans}
        />
      )}
      {after.length > 0 && (
        <div className="jp-mlops-line">
          <span className="jp-mlops-hint">{trans.__('Runs after')}</span>
          {after.map(other => (
            <Chip
              key={other}
              text={other}
              remove={trans.__('Need not run after %1', other)}
              onRemove={() => model.runFreely(step, other)}
            />
          ))}
        </div>
      )}
    </Part>
  );
}
