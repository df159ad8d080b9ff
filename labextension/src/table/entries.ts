/** Runs → rows: heads of groups, runs, and the parts of those that are unfolded. Pure. */

import { Run } from '../api/types';
import { groupOf } from './query';

/** A row of the table. Its key is the same whatever else is shown, and no two rows share one. */
export type Entry =
  | {
      kind: 'group';
      key: string;
      level: number;
      field: string;
      name: string;
      isOpen: boolean;
      runs: readonly Run[];
    }
  | {
      kind: 'run';
      key: string;
      level: number;
      run: Run;
      isPinned: boolean;
      isPart: boolean;
      /** Whether its parts are shown; a run without parts has nothing to unfold. */
      isOpen: boolean | null;
    };

/** What rows are made of. `toggled` holds groups that are folded and runs that are unfolded. */
export interface Content {
  runs: readonly Run[];
  pinned: Run | null;
  groups: readonly string[];
  toggled: ReadonlySet<string>;
  parts: ReadonlyMap<string, readonly Run[]>;
}

/** The rows: the baseline first, then the groups. Runs come sorted by them. */
export function entriesOf(content: Content): Entry[] {
  const { runs, pinned } = content;
  const others = runs.filter(run => run.id !== pinned?.id);
  return [
    ...(pinned === null ? [] : rowsOf(pinned, 0, content, true)),
    ...grouped(others, 0, '', content)
  ];
}

function grouped(
  runs: readonly Run[],
  level: number,
  above: string,
  content: Content
): Entry[] {
  const field = content.groups[level];
  if (field === undefined) {
    return runs.flatMap(run => rowsOf(run, level, content, false));
  }
  const members = new Map<string, Run[]>();
  for (const run of runs) {
    const name = groupOf(run, field);
    const own = members.get(name);
    if (own === undefined) {
      members.set(name, [run]);
    } else {
      own.push(run);
    }
  }
  return [...members].flatMap(([name, own]): Entry[] => {
    const key = `${above}/${JSON.stringify([field, name])}`;
    const isOpen = !content.toggled.has(key);
    return [
      { kind: 'group', key, level, field, name, isOpen, runs: own },
      ...(isOpen ? grouped(own, level + 1, key, content) : [])
    ];
  });
}

function rowsOf(
  run: Run,
  level: number,
  content: Content,
  isPinned: boolean
): Entry[] {
  const key = run.id;
  const hasParts = (run.parts ?? 0) > 0;
  const isOpen = hasParts ? content.toggled.has(key) : null;
  const parts = isOpen ? (content.parts.get(key) ?? []) : [];
  return [
    { kind: 'run', key, level, run, isPinned, isPart: false, isOpen },
    ...parts.map((part): Entry => ({
      kind: 'run',
      key: part.id,
      level: level + 1,
      run: part,
      isPinned: false,
      isPart: true,
      isOpen: null
    }))
  ];
}
