/** All trials as lines over one axis a parameter and the metric; what an axis is brushed to stays, the rest fades. */

import * as React from 'react';

import { Trial } from '../api/types';
import {
  Axis,
  axisOf,
  Brushes,
  Button,
  Card,
  isWithin,
  ParallelLines,
  turned
} from '../elements';
import { without } from '../records';
import { aligned, number } from '../runs/words';
import { valueOf } from './outcome';
import { Shown } from './page';

/** The card. */
export function Parallel(props: Shown): React.JSX.Element | null {
  const { around, sweep, metric, order, shades, marked, best } = props;
  const { trans } = around;
  const [brushes, setBrushes] = React.useState<Brushes>({});
  const axes = React.useMemo(
    () => axesOf(props),
    [sweep, metric, props.minimize]
  );
  if (order.length === 0) {
    return null;
  }
  const lines = [...order].reverse().map(trial => {
    const at = axes.map(axis => crossing(trial, axis, metric));
    const isMarked =
      trial.number === marked || (marked === 0 && trial === best);
    return {
      key: trial.number,
      at,
      shade: shades.get(trial.number) ?? 0,
      ...(isMarked && { look: 'marked' as const }),
      isFaded: !isWithin(at, axes, brushes)
    };
  });
  const kept = lines.filter(line => !line.isFaded).length;
  const isBrushed = Object.keys(brushes).length > 0;
  return (
    <Card
      title={trans.__('All trials')}
      hint={
        isBrushed
          ? trans.__('%1 of %2 trials', kept, order.length)
          : trans.__(
              'the stronger the color, the better; drag along an axis to keep a part of it'
            )
      }
      actions={
        isBrushed && (
          <Button label={trans.__('Show all')} onClick={() => setBrushes({})} />
        )
      }
    >
      <ParallelLines
        label={trans.__(
          '%1 trials over %2',
          order.length,
          axes.map(axis => axis.name).join(', ')
        )}
        axes={axes}
        lines={lines}
        brushes={brushes}
        onBrush={(name, part) => {
          const others = without(brushes, name);
          setBrushes(part === null ? others : { ...others, [name]: part });
        }}
      />
    </Card>
  );
}

/** The parameters, then the metric with its better end at the top. */
function axesOf({ sweep, metric, minimize }: Shown): Axis[] {
  const values = (name: string): (number | string)[] =>
    sweep.trials
      .map(trial => trial.parameters[name])
      .filter(value => value !== undefined);
  const results = sweep.trials
    .map(trial => valueOf(trial, metric))
    .filter(value => value !== null);
  return [
    ...sweep.names.map(name =>
      axisOf(name, values(name), sweep.logarithmic.includes(name), number)
    ),
    minimize
      ? turned(axisOf(metric, results, false, aligned))
      : axisOf(metric, results, false, aligned)
  ];
}

/** Where a trial crosses an axis. */
function crossing(trial: Trial, axis: Axis, metric: string): number | null {
  return axis.name === metric
    ? axis.at(valueOf(trial, metric) ?? undefined)
    : axis.at(trial.parameters[axis.name]);
}
