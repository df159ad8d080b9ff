/** Columns of the list: what of a run is shown, and under which name. */

import { Run } from '../api/types';
import { moneyOf, number, seconds, took } from './words';

/** What can be a column although it is neither metric, param nor tag. */
export const ATTRIBUTES = ['started', 'duration', 'experiment', 'kind', 'user'];

/** Attributes that are worked out for each run, by which none can be found or sorted. */
export const WORKED_OUT = ['cpu', 'cost'];

/** The field of a run, as text. */
export function cellOf(run: Run, column: string): string {
  const [kind, name] = splitColumn(column);
  switch (kind) {
    case 'metrics':
      return number(run.metrics[name]);
    case 'params':
      return paramsOf(run)[name] ?? '';
    case 'tags':
      return run.tags[name] ?? '';
    default:
      return attribute(run, column);
  }
}

/** What a run was given, and what it takes as it is declared. */
export function paramsOf(run: Run): Readonly<Record<string, string>> {
  return run.defaults ? { ...run.defaults, ...run.params } : run.params;
}

/** The kind and the name of a column; an attribute has no kind. Names in backticks lose them. */
export function splitColumn(column: string): [kind: string, name: string] {
  const place = column.indexOf('.');
  return place < 0
    ? ['', column]
    : [column.slice(0, place), column.slice(place + 1).replace(/^`|`$/g, '')];
}

function attribute(run: Run, name: string): string {
  switch (name) {
    case 'started':
      return new Date(run.started * 1000).toLocaleString();
    case 'duration':
      return took(run, Date.now() / 1000);
    case 'experiment':
      return run.experiment;
    case 'kind':
      return run.kind;
    case 'cpu':
      return run.cost ? seconds(run.cost.cpu_seconds) : '';
    case 'cost':
      return moneyOf(run.cost);
    default:
      return run.user;
  }
}

/** `a = 1, b` as tags: `b` without a value is set to nothing. */
export function readTags(text: string): Record<string, string> {
  const pairs = text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
    .map(part => {
      const place = part.indexOf('=');
      return place < 0
        ? [part, '']
        : [part.slice(0, place).trim(), part.slice(place + 1).trim()];
    });
  return Object.fromEntries(pairs) as Record<string, string>;
}

/** The change that makes the tags `before` to `after`: null takes one away. */
export function changedTags(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>
): Record<string, string | null> {
  const gone = Object.keys(before).filter(name => !(name in after));
  const fresh = Object.entries(after).filter(
    ([name, value]) => before[name] !== value
  );
  return {
    ...Object.fromEntries(gone.map(name => [name, null])),
    ...Object.fromEntries(fresh)
  };
}

/** Tags as `readTags` reads them. */
export function writeTags(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([name, value]) => (value === '' ? name : `${name} = ${value}`))
    .join(', ');
}
