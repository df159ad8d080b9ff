/** A pipeline's run: its graph with states, how the time went, and what its steps have measured. */

import * as React from 'react';

import { Run } from '../api/types';
import { Card } from '../elements';
import { automaticOf } from '../runs/automatic';
import { hueAt } from '../runs/marked';
import { isOpen, number, seconds } from '../runs/words';
import { Figures } from './figures';
import { Gantt } from './gantt';
import { StepWays } from './header';
import { Shown } from './page';
import { Difference } from './tiles';

const Picture = React.lazy(() => import('../pipelines/picture'));

/** The cards of the overview. */
export function PipelineCards(props: Shown): React.JSX.Element {
  const { around, model, found } = props;
  const { trans } = around;
  const { graph, steps } = model;
  const [chosen, setChosen] = React.useState('');
  const openStep = (name: string): void => {
    const step = steps?.steps.find(state => state.name === name);
    if (step !== undefined) {
      around.open({ id: step.run, name });
    }
  };
  return (
    <>
      <div className="jp-mlops-columns-even">
        {graph && graph.steps.length > 0 && (
          <Card title={trans.__('Pipeline')} hint={graph.notebook}>
            <React.Suspense fallback={null}>
              <Picture
                graph={graph}
                states={steps?.steps ?? []}
                chosen={chosen}
                onOpen={setChosen}
                trans={trans}
              />
            </React.Suspense>
            <ChosenStep {...props} step={chosen} onOpen={openStep} />
          </Card>
        )}
        {steps && steps.steps.length > 0 && (
          <Card title={trans.__('Time')}>
            <Gantt
              run={found}
              steps={steps.steps}
              order={orderOf(model)}
              onOpen={openStep}
              trans={trans}
            />
          </Card>
        )}
      </div>
      <Measured {...props} />
      <Figures
        around={around}
        runs={found.children}
        isOver={found.ended !== null}
      />
    </>
  );
}

/** The steps as the notebook has them, or as they were begun. */
function orderOf({ graph, steps }: Shown['model']): readonly string[] {
  return (graph ?? steps)?.steps.map(step => step.name) ?? [];
}

/** The step that was clicked, and what can be done from there. */
function ChosenStep(
  props: Shown & { step: string; onOpen: (step: string) => void }
): React.JSX.Element {
  const { around, model, found, step } = props;
  const { trans } = around;
  const state = model.steps?.steps.find(one => one.name === step);
  const place = Math.max(orderOf(model).indexOf(step), 0);
  if (state === undefined) {
    return (
      <p className="jp-mlops-hint">
        {trans.__('Click a step to run or debug from there.')}
      </p>
    );
  }
  return (
    <div
      className="jp-mlops-chosen-step"
      style={{ ['--jp-mlops-hue' as string]: `var(${hueAt(place)})` }}
    >
      <i className="jp-mlops-hue-dot" />
      <b>{step}</b>
      <span className="jp-mlops-hint">
        {state.cached
          ? trans.__('cached')
          : state.duration !== null && seconds(state.duration)}
      </span>
      <button className="jp-mlops-link" onClick={() => props.onOpen(step)}>
        {trans.__('Open its run')}
      </button>
      <span className="jp-mlops-gap" />
      {!isOpen(found.status) && (
        <StepWays around={around} model={model} step={step} />
      )}
    </div>
  );
}

/** Says that something was recorded by itself. */
function Mark({ trans }: Pick<Shown['around'], 'trans'>): React.JSX.Element {
  return (
    <span
      className="jp-mlops-chip"
      data-removable="false"
      title={trans.__('Recorded without a line of tracking code')}
    >
      {trans.__('auto')}
    </span>
  );
}

/** The metrics of all steps in one table, beside those of the baseline. */
function Measured({ around, model, found }: Shown): React.JSX.Element | null {
  const { trans } = around;
  const { baseline } = model;
  const automatic = new Set(automaticOf(found.facts).metrics);
  const before = useMetricsOfParts(around, baseline);
  const order = orderOf(model);
  const rows = found.children.flatMap(step =>
    Object.entries(step.metrics).map(([name, value]) => ({ step, name, value }))
  );
  if (rows.length === 0) {
    return null;
  }
  return (
    <Card title={trans.__('Metrics of all steps')}>
      <table className="jp-mlops-table">
        <thead>
          <tr>
            <th scope="col">{trans.__('Step')}</th>
            <th scope="col">{trans.__('Metric')}</th>
            <th scope="col" data-numeric="true">
              {trans.__('Value')}
            </th>
            {baseline && (
              <th scope="col" data-numeric="true">
                {trans.__('vs %1', `#${baseline.number}`)}
              </th>
            )}
            <td />
          </tr>
        </thead>
        <tbody>
          {rows.map(({ step, name, value }) => (
            <tr key={`${step.id} ${name}`}>
              <td>
                <StepName name={step.name} order={order} />
              </td>
              <th scope="row">{name}</th>
              <td data-numeric="true">
                <b>{number(value)}</b>
              </td>
              {baseline && (
                <td data-numeric="true">
                  <Difference
                    name={name}
                    value={value}
                    before={before[`${step.name} ${name}`]}
                    trans={trans}
                  />
                </td>
              )}
              <td data-numeric="true">
                {automatic.has(name) && <Mark trans={trans} />}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}

/** A step in its color. */
function StepName(props: {
  name: string;
  order: readonly string[];
}): React.JSX.Element {
  const place = Math.max(props.order.indexOf(props.name), 0);
  return (
    <>
      <i
        className="jp-mlops-hue-dot"
        style={{ ['--jp-mlops-hue' as string]: `var(${hueAt(place)})` }}
      />{' '}
      {props.name}
    </>
  );
}

/** The metrics of the steps of a run, by step and name. */
function useMetricsOfParts(
  around: Shown['around'],
  run: Run | null
): Readonly<Record<string, Run['metrics'][string]>> {
  const [found, setFound] = React.useState<Run['metrics']>({});
  const id = run?.id ?? '';
  React.useEffect(() => {
    let wanted = true;
    const answer = id === '' ? Promise.resolve(null) : around.client.run(id);
    answer.then(
      detail =>
        wanted &&
        setFound(
          Object.fromEntries(
            (detail?.children ?? []).flatMap(step =>
              Object.entries(step.metrics).map(([name, value]) => [
                `${step.name} ${name}`,
                value
              ])
            )
          )
        ),
      () => undefined // the page does without the differences
    );
    return () => {
      wanted = false;
    };
  }, [id]);
  return found;
}
