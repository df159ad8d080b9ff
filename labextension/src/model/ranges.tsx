/** Numbers with bounds as drawings: a range within a scale, and a curve with whiskers. */

import * as React from 'react';

import { Bounded } from '../api/types';
import { number } from '../runs/words';

/** The scale in which several numbers with bounds have room. Pure. */
export function reach(values: readonly Bounded[]): {
  least: number;
  most: number;
} {
  const all = values
    .flatMap(one => [one.low, one.value, one.high])
    .filter(one => one !== null);
  return {
    least: Math.min(...all, Infinity),
    most: Math.max(...all, -Infinity)
  };
}

/** A number to three digits: more would say more than its bounds. */
export function rounded(value: number | null): string {
  return value === null ? '∞' : number(Number(value.toPrecision(3)));
}

const WIDTH = 96;

/** A number with its bounds on a scale. */
export function Range(props: {
  value: Bounded;
  least: number;
  most: number;
  children: React.ReactNode;
}): React.JSX.Element {
  const { value, least, most, children } = props;
  const x = (at: number | null, otherwise: number): number =>
    at === null || most <= least
      ? otherwise
      : 4 + ((at - least) / (most - least)) * (WIDTH - 8);
  return (
    <div className="jp-mlops-line">
      <svg
        className="jp-mlops-interval"
        width={WIDTH}
        height="16"
        aria-hidden="true"
      >
        <path d={`M${x(value.low, 4)} 8H${x(value.high, WIDTH - 4)}`} />
        <rect x={x(value.value, WIDTH / 2) - 3} y="5" width="6" height="6" />
      </svg>
      <small>{children}</small>
    </div>
  );
}

/** A point of a curve; where places are words they stand side by side. */
export interface CurvePoint extends Bounded {
  at: number | string;
}

const SIZE = { width: 220, height: 140, left: 46, bottom: 22, edge: 8 };

/** Where the points of a curve are drawn, in pixels. Pure. */
export function placed(
  points: readonly CurvePoint[],
  isDiagonal = false
): {
  x: (at: number | string) => number;
  y: (value: number) => number;
  ends: { x: [string, string]; y: [string, string] };
} {
  const named = points.some(point => typeof point.at === 'string');
  const ats = points.map((point, place) => (named ? place : Number(point.at)));
  const own = reach(points);
  const low = isDiagonal ? Math.min(own.least, ...ats) : own.least;
  const high = isDiagonal ? Math.max(own.most, ...ats) : own.most;
  const [from, until] = isDiagonal
    ? [low, high]
    : [Math.min(...ats), Math.max(...ats)];
  const share = (value: number, least: number, most: number): number =>
    most > least ? (value - least) / (most - least) : 0.5;
  const wide = SIZE.width - SIZE.left - SIZE.edge;
  const tall = SIZE.height - SIZE.bottom - SIZE.edge;
  const place = (at: number | string): number =>
    named ? points.findIndex(point => point.at === at) : Number(at);
  const word = (end: number): string =>
    named ? String(points[end]?.at ?? '') : rounded(end);
  return {
    x: at => SIZE.left + share(place(at), from, until) * wide,
    y: value => SIZE.edge + (1 - share(value, low, high)) * tall,
    ends: { x: [word(from), word(until)], y: [rounded(low), rounded(high)] }
  };
}

/** The curve; the diagonal, where what is said should be so. */
export function Curve(props: {
  name: string;
  points: readonly CurvePoint[];
  isDiagonal?: boolean;
}): React.JSX.Element {
  const { name, points, isDiagonal } = props;
  const { x, y, ends } = placed(points, isDiagonal);
  const known = points.filter(point => point.value !== null);
  const line = known
    .map(point => `${x(point.at)} ${y(point.value ?? 0)}`)
    .join('L');
  const base = SIZE.height - SIZE.bottom;
  return (
    <svg
      className="jp-mlops-reliability"
      width={SIZE.width}
      height={SIZE.height}
      viewBox={`0 0 ${SIZE.width} ${SIZE.height}`}
      role="img"
      aria-label={name}
    >
      <path
        className="jp-mod-axis"
        d={`M${SIZE.left} ${SIZE.edge}V${base}H${SIZE.width - SIZE.edge}`}
      />
      {isDiagonal && (
        <path
          className="jp-mod-diagonal"
          d={`M${SIZE.left} ${base}L${SIZE.width - SIZE.edge} ${SIZE.edge}`}
        />
      )}
      <path className="jp-mod-line" d={`M${line}`} />
      {known.map(point => (
        <g key={String(point.at)}>
          <title>
            {`${typeof point.at === 'number' ? rounded(point.at) : point.at}: ${rounded(point.value)} (${rounded(point.low)} to ${rounded(point.high)})`}
          </title>
          <path
            className="jp-mod-whisker"
            d={`M${x(point.at)} ${y(point.low ?? point.value ?? 0)}V${y(point.high ?? point.value ?? 0)}`}
          />
          <circle cx={x(point.at)} cy={y(point.value ?? 0)} r="3" />
        </g>
      ))}
      <text x={SIZE.left} y={SIZE.height - 6}>
        {short(ends.x[0])}
      </text>
      <text x={SIZE.width - SIZE.edge} y={SIZE.height - 6} textAnchor="end">
        {short(ends.x[1])}
      </text>
      <text x={SIZE.left - 4} y={base} textAnchor="end">
        {ends.y[0]}
      </text>
      <text x={SIZE.left - 4} y={SIZE.edge + 8} textAnchor="end">
        {ends.y[1]}
      </text>
    </svg>
  );
}

function short(text: string): string {
  return text.length > 14 ? `${text.slice(0, 13)}…` : text;
}
