/** The numbers of a run that count, each with its difference to the baseline. */

import * as React from 'react';

import { Value } from '../api/types';
import { Change, directionOf, Spark } from '../elements';
import { judgedFirst } from '../runs/pairs';
import { aligned, difference, number, seconds, titleOf } from '../runs/words';
import { Shown } from './page';

const MOST_TILES = 4;
const SPARK = { width: 72, height: 20 };

/** The first metrics, each with its difference to the baseline. */
export function Tiles({
  around,
  model,
  found
}: Shown): React.JSX.Element | null {
  const { trans } = around;
  const { baseline } = model;
  const metrics = metricsOf({ around, model, found }).slice(0, MOST_TILES);
  if (metrics.length === 0) {
    return null;
  }
  const title = baseline ? titleOf(baseline) : '';
  return (
    <>
      <div className="jp-mlops-tiles">
        {metrics.map(([name, value]) => (
          <div key={name} className="jp-mlops-tile">
            <span title={name}>{name}</span>
            <b>{aligned(value) || '–'}</b>
            <Difference
              name={name}
              value={value}
              before={baseline?.metrics[name]}
              trans={trans}
            />
            <Spark name={name} values={found.sparks?.[name] ?? []} {...SPARK} />
          </div>
        ))}
        <DurationTile around={around} model={model} found={found} />
      </div>
      {baseline && (
        <div className="jp-mlops-facts">
          <span>
            {trans.__(
              'Change against baseline %1. Color says better or worse by the metric’s direction.',
              title
            )}
          </span>
        </div>
      )}
    </>
  );
}

/** How long it took; a run that goes on tells it above. */
function DurationTile({
  around,
  model,
  found
}: Shown): React.JSX.Element | null {
  const { trans } = around;
  const { duration } = found;
  const before = model.baseline?.duration;
  if (typeof duration !== 'number') {
    return null;
  }
  return (
    <div className="jp-mlops-tile">
      <span>{trans.__('Duration')}</span>
      <b>{seconds(duration)}</b>
      {typeof before === 'number' && (
        <Change
          difference={duration - before}
          direction="lower"
          text={seconds(Math.abs(duration - before))}
          words={{
            better: trans.__('better than %1', seconds(before)),
            worse: trans.__('worse than %1', seconds(before)),
            other: trans.__('was %1', seconds(before))
          }}
        />
      )}
    </div>
  );
}

/** The metrics of a run; a pipeline's run has those of its steps. */
function metricsOf({ found }: Shown): [string, Value | null][] {
  const own = Object.entries(found.metrics).map(
    ([name, metric]): [string, Value] => [name, metric.latest]
  );
  const lifted = found.children.flatMap(child => Object.entries(child.metrics));
  const all = own.length > 0 || found.kind === 'sweep' ? own : lifted;
  const values = new Map(all);
  return judgedFirst([...values.keys()]).map(name => [
    name,
    values.get(name) ?? null
  ]);
}

/** By how much a value differs from that of the baseline. */
export function Difference(props: {
  name: string;
  value: Value | null;
  before: Value | null | undefined;
  trans: Shown['around']['trans'];
}): React.JSX.Element | null {
  const { name, value, before, trans } = props;
  if (typeof value !== 'number' || typeof before !== 'number') {
    return null;
  }
  return (
    <Change
      difference={value - before}
      direction={directionOf(name)}
      text={difference(value, before)}
      words={{
        better: trans.__('better than %1', number(before)),
        worse: trans.__('worse than %1', number(before)),
        other: trans.__('was %1', number(before))
      }}
    />
  );
}
