/** Lines over upright axes. Dragging along an axis keeps a part of it; what lies elsewhere fades. */

import * as React from 'react';

import { Axis } from './axes';
import { useRoom } from './width';

const LOWEST = 216;
const TOP = 28;
const BOTTOM = 12;
const LEFT = 8;
const RIGHT = 64;
const SNAP = 0.03; // of an axis: so near its end, the end is meant
const LEAST = 72; // from one axis to the next

/** The part of an axis that is kept, from 0 to 1, by the name of the axis. */
export type Brushes = Readonly<Record<string, readonly [number, number]>>;

/** One line: where it crosses each axis, and how it is drawn. */
export interface Across {
  key: string | number;
  at: readonly (number | null)[];
  /** What the pointer is told over it. */
  title?: string;
  /** A custom property with its color. */
  hue?: string;
  /** One of the shades of a color axis. */
  shade?: number;
  look?: 'marked' | 'grey';
  isFaded: boolean;
  onClick?: () => void;
}

/** Whether a line crosses every axis within the part that is kept of it. */
export function isWithin(
  at: readonly (number | null)[],
  axes: readonly Axis[],
  brushes: Brushes
): boolean {
  return axes.every((axis, place) => {
    const part = brushes[axis.name];
    const own = at[place] ?? null;
    return !part || (own !== null && own >= part[0] && own <= part[1]);
  });
}

/** The picture; later lines lie over earlier ones. */
export function ParallelLines(props: {
  label: string;
  axes: readonly Axis[];
  lines: readonly Across[];
  brushes: Brushes;
  onBrush: (name: string, part: readonly [number, number] | null) => void;
}): React.JSX.Element {
  const { axes, lines } = props;
  const [host, room, free] = useRoom<HTMLDivElement>(640);
  const high = Math.max(free - TOP - BOTTOM, LOWEST);
  const width = Math.max(room, LEFT + RIGHT + LEAST * (axes.length - 1));
  const step = (width - LEFT - RIGHT) / Math.max(axes.length - 1, 1);
  return (
    <div ref={host} className="jp-mlops-wide jp-mlops-across">
      <svg
        className="jp-mlops-parallel"
        width={width}
        height={TOP + high + BOTTOM}
        role="img"
        aria-label={props.label}
      >
        {lines.map(line => (
          <path
            key={line.key}
            d={courseOf(line.at, step, high)}
            data-shade={line.shade}
            data-look={line.look}
            data-faded={line.isFaded}
            data-pressed={line.onClick !== undefined}
            style={
              line.hue === undefined
                ? undefined
                : { ['--jp-mlops-hue' as string]: `var(${line.hue})` }
            }
            onClick={line.onClick}
          >
            {line.title !== undefined && <title>{line.title}</title>}
          </path>
        ))}
        {axes.map((axis, place) => (
          <OneAxis
            key={axis.name}
            axis={axis}
            x={LEFT + place * step}
            high={high}
            room={place === axes.length - 1 ? RIGHT : step}
            part={props.brushes[axis.name]}
            brush={part => props.onBrush(axis.name, part)}
          />
        ))}
      </svg>
    </div>
  );
}

/** A line over the axes, `step` px from one to the next. */
function courseOf(
  at: readonly (number | null)[],
  step: number,
  high: number
): string {
  return at
    .map((own, place) =>
      own === null ? null : [LEFT + place * step, y(own, high)]
    )
    .filter(point => point !== null)
    .map(([x, height], place, all) => {
      const before = all[place - 1];
      const half = ((x ?? 0) + (before?.[0] ?? 0)) / 2;
      return before
        ? `C${half} ${before[1]} ${half} ${height} ${x} ${height}`
        : `M${x} ${height}`;
    })
    .join('');
}

function y(part: number, high: number): number {
  return TOP + (1 - part) * high;
}

function OneAxis(props: {
  axis: Axis;
  x: number;
  high: number;
  room: number;
  part: readonly [number, number] | undefined;
  brush: (part: readonly [number, number] | null) => void;
}): React.JSX.Element {
  const { axis, x, high, room, part, brush } = props;
  const most = Math.max(Math.floor(room / 7), 4);
  const name = axis.isLog ? `${axis.name} (log)` : axis.name;
  return (
    <g>
      <text x={x} y="12" className="jp-mod-name">
        <title>{name}</title>
        {name.length > most ? `${name.slice(0, most - 1)}…` : name}
      </text>
      <path className="jp-mod-axis" d={`M${x} ${TOP}v${high}`} />
      {axis.ticks.map(tick => (
        <text key={tick.text} x={x + 5} y={y(tick.at, high) + 4}>
          {tick.text}
        </text>
      ))}
      {part && (
        <rect
          className="jp-mod-brush"
          x={x - 5}
          width="10"
          y={y(part[1], high)}
          height={Math.max(y(part[0], high) - y(part[1], high), 1)}
        />
      )}
      <Handle x={x} high={high} brush={brush} />
    </g>
  );
}

/** What is dragged along an axis; a click keeps all of it again. */
function Handle(props: {
  x: number;
  high: number;
  brush: (part: readonly [number, number] | null) => void;
}): React.JSX.Element {
  const { x, high, brush } = props;
  const begun = React.useRef<number | null>(null);
  const partAt = (event: React.PointerEvent<SVGRectElement>): number => {
    const box = event.currentTarget.getBoundingClientRect();
    const part = 1 - (event.clientY - box.top) / box.height;
    return part < SNAP ? 0 : part > 1 - SNAP ? 1 : part;
  };
  return (
    <rect
      className="jp-mod-handle"
      x={x - 8}
      y={TOP}
      width="16"
      height={high}
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
