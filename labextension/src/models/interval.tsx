/** A rule of a gate as an interval: in its own scale, better to the right, with its limit. */

import * as React from 'react';

import { RuleResult } from '../api/types';
import { interval } from './gate';

type Measured = Pick<
  RuleResult,
  'estimate' | 'low' | 'high' | 'limit' | 'below' | 'difference'
>;

/** Where things are drawn, in parts of the width. */
export interface Span {
  low: number;
  at: number;
  high: number;
  /** Where both models are the same; nothing for a rule that compares with none. */
  zero: number | null;
  limit: number | null;
}

/** Where the interval of a rule is drawn; each rule has its own scale. Pure. */
export function spanOf(rule: Measured): Span | null {
  const { estimate, limit, below, difference } = rule;
  if (estimate === null) {
    return null;
  }
  const origin = difference ? 0 : (limit ?? 0);
  const sense = below ? -1 : 1;
  const from = (value: number): number => sense * (value - origin);
  const at = from(estimate);
  const ends = [from(rule.low ?? estimate), from(rule.high ?? estimate)];
  const bound = limit === null ? null : from(limit);
  const reach =
    1.1 * Math.max(...ends.map(Math.abs), Math.abs(bound ?? 0), 1e-12);
  const place = (value: number): number =>
    Math.min(Math.max((value + reach) / (2 * reach), 0), 1);
  return {
    low: place(Math.min(...ends)),
    at: place(at),
    high: place(Math.max(...ends)),
    zero: difference ? place(0) : null,
    limit: bound === null || (difference && bound === 0) ? null : place(bound)
  };
}

/** The interval; a dotted line where there is none. */
export function Interval(props: {
  rule: RuleResult | null;
  width: number;
  /** What is said of a rule that was not judged. */
  none: string;
}): React.JSX.Element {
  const { rule, width, none } = props;
  const span = rule && spanOf(rule);
  const x = (part: number): number => Math.round(part * width);
  return (
    <svg
      className="jp-mlops-interval"
      data-verdict={rule?.verdict ?? 'not judged'}
      width={width}
      height="16"
      role="img"
      aria-label={(rule && interval(rule)) || none}
    >
      {span === null ? (
        <path className="jp-mod-dotted" d={`M4 8H${width - 4}`} />
      ) : (
        <>
          {span.zero !== null && (
            <path className="jp-mod-zero" d={`M${x(span.zero)} 0V16`} />
          )}
          {span.limit !== null && (
            <path className="jp-mod-limit" d={`M${x(span.limit)} 0V16`} />
          )}
          <path d={`M${x(span.low)} 8H${x(span.high)}`} />
          <path d={`M${x(span.low)} 5v6M${x(span.high)} 5v6`} />
          <rect x={x(span.at) - 3} y="5" width="6" height="6" />
        </>
      )}
    </svg>
  );
}
