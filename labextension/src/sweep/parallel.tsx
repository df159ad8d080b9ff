/** All trials as lines over one axis a parameter and the metric; what an axis is brushed to stays, the rest fades. */

import * as React from 'react';

import { Trial } from '../api/types';
import { Button, Card, useWidth } from '../elements';
import { without } from '../records';
import { aligned, number } from '../runs/words';
import { Axis, axisOf, turned, valueOf } from './outcome';
import { Shown } from './page';

const HEIGHT = 216;
const TOP = 28;
const LEFT = 8;
const RIGHT = 64;

/** The part of an axis that is kept, from 0 to 1. */
type Brushes = Readonly<Record<string, readonly [number, number]>>;

/** The card. */
export function Parallel(props: Shown): React.JSX.Element | null {
  const { around, sweep, metric, order } = props;
  const { trans } = around;
  const [brushes, setBrushes] = React.useState<Brushes>({});
  const axes = React.useMemo(
    () => axesOf(props),
    [sweep, metric, props.minimize]
  );
  const kept = order.filter(trial => isKept(trial, axes, brushes, metric));
  const isBrushed = Object.keys(brushes).length > 0;
  if (order.length === 0) {
    return null;
  }
  return (
    <Card
      title={trans.__('All trials')}
      hint={
        isBrushed
          ? trans.__('%1 of %2 trials', kept.length, order.length)
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
      <Lines
        {...props}
        axes={axes}
        kept={new Set(kept)}
        brushes={brushes}
        brush={(name, part) => {
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

function isKept(
  trial: Trial,
  axes: readonly Axis[],
  brushes: Brushes,
  metric: string
): boolean {
  return axes.every(axis => {
    const part = brushes[axis.name];
    const at = crossing(trial, axis, metric);
    return !part || (at !== null && at >= part[0] && at <= part[1]);
  });
}

function Lines(
  props: Shown & {
    axes: readonly Axis[];
    kept: ReadonlySet<Trial>;
    brushes: Brushes;
    brush: (name: string, part: readonly [number, number] | null) => void;
  }
): React.JSX.Element {
  const { around, axes, order, kept, shades, marked, best, metric } = props;
  const [host, width] = useWidth<HTMLDivElement>(640);
  const step = (width - LEFT - RIGHT) / Math.max(axes.length - 1, 1);
  return (
    <div ref={host} className="jp-mlops-wide">
      <svg
        className="jp-mlops-parallel"
        width={width}
        height={TOP + HEIGHT + 12}
        role="img"
        aria-label={around.trans.__(
          '%1 trials over %2',
          order.length,
          axes.map(axis => axis.name).join(', ')
        )}
      >
        {[...order].reverse().map(trial => (
          <path
            key={trial.number}
            d={courseOf(trial, axes, metric, step)}
            data-shade={shades.get(trial.number) ?? 0}
            data-faded={!kept.has(trial)}
            data-marked={
              trial.number === marked || (marked === 0 && trial === best)
            }
          />
        ))}
        {axes.map((axis, place) => (
          <OneAxis
            key={axis.name}
            axis={axis}
            x={LEFT + place * step}
            room={step}
            part={props.brushes[axis.name]}
            brush={part => props.brush(axis.name, part)}
          />
        ))}
      </svg>
    </div>
  );
}

/** The line of a trial over the axes, `step` px from one to the next. */
function courseOf(
  trial: Trial,
  axes: readonly Axis[],
  metric: string,
  step: number
): string {
  return axes
    .map((axis, place) => {
      const at = crossing(trial, axis, metric);
      return at === null ? null : [LEFT + place * step, y(at)];
    })
    .filter(point => point !== null)
    .map(([x, height], place, all) => {
      const before = all[place - 1];
      const half = (x ?? 0) - step / 2;
      return before
        ? `C${half} ${before[1]} ${half} ${height} ${x} ${height}`
        : `M${x} ${height}`;
    })
    .join('');
}

function y(part: number): number {
  return TOP + (1 - part) * HEIGHT;
}

function OneAxis(props: {
  axis: Axis;
  x: number;
  room: number;
  part: readonly [number, number] | undefined;
  brush: (part: readonly [number, number] | null) => void;
}): React.JSX.Element {
  const { axis, x, room, part, brush } = props;
  const most = Math.max(Math.floor(room / 7), 4);
  const name = axis.isLog ? `${axis.name} (log)` : axis.name;
  return (
    <g>
      <text x={x} y="12" className="jp-mod-name">
        <title>{name}</title>
        {name.length > most ? `${name.slice(0, most - 1)}…` : name}
      </text>
      <path className="jp-mod-axis" d={`M${x} ${TOP}v${HEIGHT}`} />
      {axis.ticks.map(tick => (
        <text key={tick.text} x={x + 5} y={y(tick.at) + 4}>
          {tick.text}
        </text>
      ))}
      {part && (
        <rect
          className="jp-mod-brush"
          x={x - 5}
          width="10"
          y={y(part[1])}
          height={Math.max(y(part[0]) - y(part[1]), 1)}
        />
      )}
      <Handle x={x} brush={brush} />
    </g>
  );
}

/** What is dragged along an axis; a click keeps all of it again. */
function Handle(props: {
  x: number;
  brush: (part: readonly [number, number] | null) => void;
}): React.JSX.Element {
  const { x, brush } = props;
  const begun = React.useRef<number | null>(null);
  const partAt = (event: React.PointerEvent<SVGRectElement>): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(Math.max(1 - (event.clientY - box.top) / box.height, 0), 1);
  };
  return (
    <rect
      className="jp-mod-handle"
      x={x - 8}
      y={TOP}
      width="16"
      height={HEIGHT}
      onPointerDown={event => {
        event.currentTarget.setPointerCapture(event.pointerId);
        begun.current = partAt(event);
        brush(null);
      }}
      onPointerMove={event => {
        if (begun.current !== null) {
          const now = partAt(event);
          const ends = [begun.current, now].sort((a, b) => a - b);
          brush([ends[0] ?? 0, ends[1] ?? 1]);
        }
      }}
      onPointerUp={event => {
        const from = begun.current;
        begun.current = null;
        if (from !== null && Math.abs(partAt(event) - from) < 0.01) {
          brush(null);
        }
      }}
    />
  );
}
