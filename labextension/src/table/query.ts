/** What the table asks the server for: words, conditions, groups and an order → a query. Pure. */

import { Run } from '../api/types';
import { cellOf, paramsOf, splitColumn, WORKED_OUT } from '../runs/columns';
import { NO_MONITORING } from '../runs/condition';
import { judgedFirst } from '../runs/pairs';
import { isSeed } from '../runs/seeds';

/** How the table is sorted; no column is the newest first. */
export interface Sorting {
  column: string;
  descending: boolean;
}

/** All that a view keeps: what is asked for, and how it is shown. */
export interface View {
  search: string;
  conditions: readonly string[];
  groups: readonly string[];
  sorting: Sorting;
  /** The columns that were chosen; none: those that say most. */
  columns: readonly string[];
  widths: Readonly<Record<string, number>>;
}

/** The view of a table that was never changed. */
export const USUAL: View = {
  search: '',
  conditions: [NO_MONITORING],
  groups: [],
  sorting: { column: '', descending: true },
  columns: [],
  widths: {}
};

/** The conditions as one filter. */
export function filterOf(conditions: readonly string[]): string {
  return conditions.map(condition => `(${condition})`).join(' and ');
}

/** What the server sorts by: groups come together, then the chosen order. */
export function orderOf({ groups, sorting }: View): string[] {
  const { column, descending } = sorting;
  const way = descending ? ' DESC' : ' ASC';
  const own =
    column === '' || column === 'started'
      ? descending
        ? []
        : ['created ASC']
      : [column + way];
  return [...groups.map(fieldOf), ...own];
}

function fieldOf(group: string): string {
  return group === 'pipeline' ? 'tags.pipeline' : group;
}

/** What a run's group is called. */
export function groupOf(run: Run, group: string): string {
  switch (group) {
    case 'pipeline':
      return run.tags.pipeline?.split('@')[0] ?? '';
    case 'source':
      return run.source.split('/').pop() ?? '';
    case 'status':
      return run.status;
    default:
      return cellOf(run, group);
  }
}

/** A view as it was kept; what is none of it is left out. */
export function readView(kept: unknown): View {
  if (kept === undefined || kept === null) {
    return USUAL;
  }
  const found = kept as Partial<Record<keyof View, unknown>>;
  const texts = (value: unknown): string[] =>
    Array.isArray(value)
      ? value.filter((one): one is string => typeof one === 'string')
      : [];
  const sorting = (found.sorting ?? {}) as Partial<Sorting>;
  const widths = Object.entries((found.widths ?? {}) as object).filter(
    (pair): pair is [string, number] => typeof pair[1] === 'number'
  );
  return {
    search: typeof found.search === 'string' ? found.search : '',
    conditions: texts(found.conditions),
    groups: texts(found.groups),
    sorting: {
      column: typeof sorting.column === 'string' ? sorting.column : '',
      descending: sorting.descending !== false
    },
    columns: texts(found.columns),
    widths: Object.fromEntries(widths)
  };
}

const MOST_METRICS = 3;
const FEW_METRICS = 2; // where there are params to be seen beside them
const MOST_PARAMS = 5;

/**
 * The columns that say most of some runs: their usual metrics, and the params in which they differ, the most varied
 * first; those that few runs have come later, and seeds last.
 */
export function telling(runs: readonly Run[]): string[] {
  const counts = new Map<string, number>();
  const params = new Map<string, Set<string>>();
  for (const run of runs) {
    for (const name of Object.keys(run.metrics)) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    for (const [name, value] of Object.entries(paramsOf(run))) {
      params.set(name, (params.get(name) ?? new Set()).add(value));
    }
  }
  const metrics = judgedFirst([...counts.keys()]).sort(
    (a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0)
  );
  const isRare = (name: string): boolean =>
    2 * runs.filter(run => name in paramsOf(run)).length < runs.length;
  const differing = [...params]
    .filter(([, values]) => values.size > 1)
    .sort(
      ([a, own], [b, other]) =>
        Number(isSeed(a)) - Number(isSeed(b)) ||
        Number(isRare(a)) - Number(isRare(b)) ||
        other.size - own.size
    )
    .map(([name]) => name);
  const most = differing.length > 2 ? FEW_METRICS : MOST_METRICS;
  return [
    'status',
    'started',
    'duration',
    ...metrics.slice(0, most).map(name => `metrics.${quoted(name)}`),
    ...differing.slice(0, MOST_PARAMS).map(name => `params.${quoted(name)}`),
    ...(runs.some(run => run.note !== '') ? ['note'] : [])
  ];
}

/** The metrics whose course is drawn: what the table is sorted by, and the first. */
export function withCourse(
  columns: readonly string[],
  { column }: Sorting
): readonly string[] {
  const first = columns.find(one => one.startsWith('metrics.'));
  return [first, column].filter(
    (one): one is string => one?.startsWith('metrics.') === true
  );
}

/** Columns of one kind that stand side by side. */
export interface Band {
  kind: string;
  count: number;
}

/** The kinds of columns, from the first to the last. */
export function bandsOf(columns: readonly string[]): readonly Band[] {
  return columns.reduce<Band[]>((found, column) => {
    const [kind] = splitColumn(column);
    const last = found[found.length - 1];
    return last?.kind === kind
      ? [...found.slice(0, -1), { kind, count: last.count + 1 }]
      : [...found, { kind, count: 1 }];
  }, []);
}

/** Whether a column holds numbers, which stand at the right. */
export function isNumber(column: string): boolean {
  return (
    column.startsWith('metrics.') ||
    column === 'duration' ||
    WORKED_OUT.includes(column)
  );
}

/** The params whose values are all numbers, as columns. */
export function numbersOf(runs: readonly Run[]): ReadonlySet<string> {
  const found = new Map<string, boolean>();
  for (const run of runs) {
    for (const [name, value] of Object.entries(paramsOf(run))) {
      const isOne = value.trim() !== '' && Number.isFinite(Number(value));
      found.set(name, isOne && found.get(name) !== false);
    }
  }
  return new Set(
    [...found].flatMap(([name, all]) => (all ? [`params.${quoted(name)}`] : []))
  );
}

/** A name as a filter takes it. */
export function quoted(name: string): string {
  return /^[^\W\d][\w/:@-]*(\.[\w/:@-]+)*$/u.test(name) ? name : `\`${name}\``;
}

/** What the head of a column says. */
export function titleOf(column: string, names: Record<string, string>): string {
  const [kind, name] = splitColumn(column);
  return kind === '' ? (names[name] ?? name) : name;
}
