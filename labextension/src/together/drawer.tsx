/** One step of several notebooks: where it is, what it reads and gives, how it went. */

import * as React from 'react';

import { Graph, Step } from '../api/types';
import { Part } from '../canvas/drawer';
import { Measured, typeAndSize, Values } from '../canvas/values';
import { Button, IconButton, State } from '../elements';
import { hueAt } from '../runs/marked';
import { Printed } from '../runs/printed';
import { seconds, stateOf } from '../runs/words';
import type { Shown } from './page';

interface Props extends Shown {
  graph: Graph;
  step: Step;
  onClose: () => void;
}

/** The drawer. */
export function StepDrawer(props: Props): React.JSX.Element {
  const { around, model, graph, step } = props;
  const { trans } = around;
  const state = model.stateOf(step.name);
  const run = model.last?.run;
  const place = graph.steps.indexOf(step);
  return (
    <aside
      className="jp-mlops-drawer"
      aria-label={trans.__('Step %1', step.name)}
      style={{ ['--jp-mlops-hue' as string]: `var(${hueAt(place)})` }}
    >
      <Head {...props} />
      <Ways {...props} />
      <Part title={trans.__('Reads')}>
        <Values
          names={step.inputs}
          about={name => aboutInput(props, name)}
          trans={trans}
        />
      </Part>
      <Part title={trans.__('Gives')}>
        <Values
          names={step.outputs}
          about={name => typeAndSize(state?.values[name] ?? '')}
          trans={trans}
        />
        {state && <Measured around={around} run={state.run} />}
      </Part>
      {state && run && (
        <Part title={trans.__('Log')}>
          <Printed
            client={around.client}
            run={run.id}
            step={step.name}
            isOpen={state.status === 'running'}
            trans={trans}
          />
        </Part>
      )}
    </aside>
  );
}

/** What the step is called, and how it went. */
function Head({ around, model, step, onClose }: Props): React.JSX.Element {
  const { trans } = around;
  const state = model.stateOf(step.name);
  const run = model.last?.run;
  return (
    <header className="jp-mlops-line">
      <i className="jp-mlops-hue-dot" />
      <h1 title={step.name}>{step.name}</h1>
      {state && <State {...stateOf(state, trans)} />}
      {state && run && (
        <button
          className="jp-mlops-link jp-mlops-hint"
          onClick={() => around.open({ id: state.run, name: step.name })}
        >
          {state.cached
            ? trans.__('cached in #%1', run.number)
            : trans.__(
                '%1 in #%2',
                state.duration === null ? '' : seconds(state.duration),
                run.number
              )}
        </button>
      )}
      <span className="jp-mlops-gap" />
      <IconButton icon="close" label={trans.__('Close')} onClick={onClose} />
    </header>
  );
}

/** What is known of a value that a step reads: what the step that made it has handed on, in whichever notebook. */
function aboutInput(
  { graph, model, step }: Props,
  name: string
): readonly [type: string, size: string] {
  const found = graph.edges
    .filter(({ to }) => to === step.name)
    .map(({ from, names }) => {
      const crossing = names.map(one => one.split(' as '));
      const there = crossing.find(pair => pair[pair.length - 1] === name)?.[0];
      return model.stateOf(from)?.values[there ?? ''] ?? '';
    });
  return typeAndSize(found.find(Boolean) ?? '');
}

/** To the cells of the step, and to a kernel with its inputs. */
function Ways({ around, model, step }: Props): React.JSX.Element {
  const { trans } = around;
  const state = model.stateOf(step.name);
  const member = model.memberOf(step.name);
  const run = model.last?.run?.id;
  const hasFailed = state?.status === 'failed' || state?.status === 'blocked';
  return (
    <section>
      {hasFailed && <pre role="alert">{state?.reason}</pre>}
      <div className="jp-mlops-line">
        {member && (
          <Button
            label={trans.__('Show in Notebook')}
            title={member.notebook}
            onClick={() =>
              void around.openAt(member.notebook, step.cells[0] ?? '')
            }
          />
        )}
        {state && run && state.status !== 'running' && (
          <Button
            icon="kernel"
            label={
              hasFailed
                ? trans.__('Open at Failure')
                : trans.__('Open a Kernel Here')
            }
            title={trans.__('A notebook of this step, with its inputs loaded')}
            onClick={() => void model.debug(run, step.name)}
          />
        )}
      </div>
    </section>
  );
}
