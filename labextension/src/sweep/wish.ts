/** What is written in the form of a sweep → what the server is asked for. Pure. */

import { Parameter, SweepWish } from '../api/types';

export const SEARCHES = ['grid', 'random', 'bayes'] as const;

export type Search = (typeof SEARCHES)[number];

/** How a parameter varies: not at all, over some values, or over a range of numbers. */
export interface Varied {
  mode: 'keep' | 'values' | 'range';
  values: readonly string[];
  low: string;
  high: string;
  log: boolean;
}

/** What is written in the form. */
export interface Written {
  varied: Readonly<Record<string, Varied>>;
  search: Search;
  trials: string;
  metric: string;
  minimize: boolean;
  prune: boolean;
  parallel: string;
}

/** A parameter as it is before anything is written. */
export const KEPT: Varied = {
  mode: 'keep',
  values: [],
  low: '',
  high: '',
  log: false
};

/** What the form says before anything is written. */
export function usual(): Written {
  return {
    varied: {},
    search: 'grid',
    trials: '20',
    metric: '',
    minimize: false,
    prune: false,
    parallel: '1'
  };
}

/** Whether a parameter takes numbers, so that it can have a range. */
export function isNumber(parameter: Pick<Parameter, 'type'>): boolean {
  return parameter.type.some(kind => kind === 'int' || kind === 'float');
}

/** What varies, as the server reads it: `3,5,8`, `0.1..0.9`, `1e-4..1:log`. */
export function textOf(varied: Varied): string {
  switch (varied.mode) {
    case 'keep':
      return '';
    case 'values':
      return varied.values.join(',');
    case 'range':
      return varied.low.trim() && varied.high.trim()
        ? `${varied.low.trim()}..${varied.high.trim()}${varied.log ? ':log' : ''}`
        : '';
  }
}

/** What the server is asked for. */
export function wishOf(written: Written): SweepWish {
  const texts = Object.entries(written.varied)
    .map(([name, varied]) => [name, textOf(varied)] as const)
    .filter(([, text]) => text !== '');
  const parallel = countOf(written.parallel);
  return {
    values: Object.fromEntries(texts),
    search: written.search,
    ...(written.search === 'grid' ? {} : { trials: countOf(written.trials) }),
    ...(parallel === 1 ? {} : { parallel }),
    ...(written.metric === ''
      ? {}
      : {
          metric: written.metric,
          minimize: written.minimize,
          prune: written.prune
        })
  };
}

/** A number of trials as it was written; one where it says none. */
function countOf(text: string): number {
  const count = Number(text);
  return Number.isInteger(count) && count > 0 ? count : 1;
}

/** The values with another one, or with several that were written with commas. */
export function withValues(
  values: readonly string[],
  text: string
): readonly string[] {
  const more = text
    .split(',')
    .map(part => part.trim())
    .filter(Boolean);
  return [...new Set([...values, ...more])];
}
