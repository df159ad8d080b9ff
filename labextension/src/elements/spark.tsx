/** The course of a metric in the height of a line of text. */

import * as React from 'react';

import { Value } from '../api/types';

const SIZE = { width: 44, height: 14 };

/** The course; fewer than two numbers draw nothing. */
export function Spark(props: {
  name: string;
  values: readonly Value[];
  width?: number;
  height?: number;
}): React.JSX.Element | null {
  const width = props.width ?? SIZE.width;
  const height = props.height ?? SIZE.height;
  const points = sparkline(props.values, width, height);
  return points === '' ? null : (
    <svg
      className="jp-mlops-spark"
      width={width}
      height={height}
      role="img"
      aria-label={props.name}
      viewBox={`0 -1 ${width} ${height + 2}`}
    >
      <polyline points={points} />
    </svg>
  );
}

/** A course as points of an SVG polyline that fills `width` by `height`; fewer than two points are none. */
export function sparkline(
  values: readonly Value[],
  width: number,
  height: number
): string {
  const real = values.filter(
    (value): value is number => typeof value === 'number'
  );
  if (real.length < 2) {
    return '';
  }
  const low = Math.min(...real);
  const range = Math.max(...real) - low || 1;
  return real
    .map((value, place) => {
      const x = (place / (real.length - 1)) * width;
      const y = height - ((value - low) / range) * height;
      return `${x.toFixed(1)},${y.toFixed(1)}`;
    })
    .join(' ');
}
