/** What editing a pipeline does to the tags of its cells. Pure: the notebook is somewhere else. */

import { rename, wordsOf } from '../steps/tagging';

/** One cell: its id and its tags. */
export interface TaggedCell {
  id: string;
  tags: unknown;
}

/** The new tags of the cells that change, by their ids. */
export type Retagged = ReadonlyMap<string, string[]>;

function isOf(tags: unknown, step: string): boolean {
  return wordsOf(tags).includes(`step:${step}`);
}

function changed(
  cells: readonly TaggedCell[],
  change: (words: string[], cell: TaggedCell) => string[]
): Retagged {
  const found = new Map<string, string[]>();
  for (const cell of cells) {
    const before = wordsOf(cell.tags);
    const after = change(before, cell);
    if (after.join('\n') !== before.join('\n')) {
      found.set(cell.id, after);
    }
  }
  return found;
}

/** `step` runs after `other`: its first cell says so. Nothing changes where it is said already. */
export function runAfter(
  cells: readonly TaggedCell[],
  step: string,
  other: string
): Retagged {
  const own = cells.filter(cell => isOf(cell.tags, step));
  const word = `after:${other}`;
  const isSaid = own.some(cell => wordsOf(cell.tags).includes(word));
  return changed(own.slice(0, isSaid || step === other ? 0 : 1), words => [
    ...words,
    word
  ]);
}

/** `step` no longer has to run after `other`. */
export function runFreely(
  cells: readonly TaggedCell[],
  step: string,
  other: string
): Retagged {
  return changed(
    cells.filter(cell => isOf(cell.tags, step)),
    words => words.filter(word => word !== `after:${other}`)
  );
}

/** The steps that `step` is said to run after. */
export function afterOf(cells: readonly TaggedCell[], step: string): string[] {
  const words = cells
    .filter(cell => isOf(cell.tags, step))
    .flatMap(cell => wordsOf(cell.tags));
  return [
    ...new Set(
      words.filter(word => word.startsWith('after:')).map(word => word.slice(6))
    )
  ];
}

/** Another name for a step, also in the orders that name it. */
export function renamed(
  cells: readonly TaggedCell[],
  from: string,
  to: string
): Retagged {
  return changed(cells, words => rename(words, from, to));
}

/** Several steps become one, called `name`; orders among them go, orders of others name the one. */
export function merged(
  cells: readonly TaggedCell[],
  steps: readonly string[],
  name: string
): Retagged {
  const gone = new Set(steps);
  return changed(cells, words => {
    const isInside = words.some(
      word => word.startsWith('step:') && gone.has(word.slice(5))
    );
    const next = words.flatMap(word => {
      const [kind, step] = [
        word.slice(0, word.indexOf(':') + 1),
        word.slice(word.indexOf(':') + 1)
      ];
      if ((kind !== 'step:' && kind !== 'after:') || !gone.has(step)) {
        return [word];
      }
      return kind === 'after:' && isInside ? [] : [`${kind}${name}`];
    });
    return [...new Set(next)];
  });
}

/** The cells of a step from `cell` on become a step of their own. */
export function split(
  cells: readonly TaggedCell[],
  step: string,
  cell: string,
  name: string
): Retagged {
  const own = cells.filter(one => isOf(one.tags, step));
  const from = own.findIndex(one => one.id === cell);
  return changed(from > 0 ? own.slice(from) : [], words =>
    words.map(word => (word === `step:${step}` ? `step:${name}` : word))
  );
}

/** A name that no step has yet: `name`, or with the next number behind it. */
export function freeName(name: string, taken: readonly string[]): string {
  const known = new Set(taken);
  let number = 2;
  let found = name;
  while (known.has(found)) {
    found = `${name}-${number}`;
    number += 1;
  }
  return found;
}
