/** By how much a number differs from the baseline's: the triangle is its direction, the colour says better or worse. */

import * as React from 'react';

/** Which way a metric is better. */
export type Direction = 'higher' | 'lower' | 'unknown';

const LOWER =
  /(loss|error|err|mae|mse|rmse|mape|perplexity|latency|duration|time)(\b|_|$)/i;
const HIGHER =
  /(acc|accuracy|auc|f1|precision|recall|score|r2|map|iou|dice|bleu|rouge|reward|throughput)(\b|_|\d|$)/i;

/** The direction that a metric's name says; names that say none are not judged. */
export function directionOf(name: string): Direction {
  const last = name.split(/[/.]/).pop() ?? name;
  if (LOWER.test(last)) {
    return 'lower';
  }
  return HIGHER.test(last) ? 'higher' : 'unknown';
}

/** Whether a difference is for the better: 1, for the worse: -1, or not judged: 0. */
export function judged(difference: number, direction: Direction): number {
  const sense = { higher: 1, lower: -1, unknown: 0 }[direction];
  return Math.sign(difference) * sense;
}

/** The difference in words and colour. */
export function Change(props: {
  difference: number;
  direction: Direction;
  text: string;
  words: { better: string; worse: string; other: string };
}): React.JSX.Element | null {
  const { difference, direction, text, words } = props;
  if (!Number.isFinite(difference) || difference === 0) {
    return null;
  }
  const verdict = judged(difference, direction);
  const [word, verdictName] =
    verdict > 0
      ? [words.better, 'better']
      : verdict < 0
        ? [words.worse, 'worse']
        : [words.other, 'other'];
  return (
    <span className="jp-mlops-change" data-verdict={verdictName} title={word}>
      {difference > 0 ? '▲' : '▼'} {text}
    </span>
  );
}
