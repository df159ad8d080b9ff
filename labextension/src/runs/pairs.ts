/** Training and validation of one metric in one chart: `train_loss` with `val_loss`, `loss/train` with `loss/val`. Pure. */

import { directionOf } from '../elements/change';
import { Course } from './courses';
import { Line } from './lines';

const TRAIN = /^(train|training|trn|tr)$/i;
const CHECK = /^(val|valid|validation|dev|eval|test|testing|holdout)$/i;
const WORDS = /([/_.\-: ])/;

/** What a metric is called, and of which data it is: a `part` as the name has it. */
export interface Named {
  base: string;
  part: string;
  isTrain: boolean;
}

/** A name without the part of it that says which data it is of. */
export function named(name: string): Named {
  const words = name.split(WORDS);
  const place = [0, words.length - 1].find(
    at => TRAIN.test(words[at] ?? '') || CHECK.test(words[at] ?? '')
  );
  if (place === undefined || words.length < 3) {
    return { base: name, part: '', isTrain: true };
  }
  const part = words[place] ?? '';
  const base = place === 0 ? words.slice(2) : words.slice(0, -2);
  return { base: base.join(''), part, isTrain: TRAIN.test(part) };
}

/** Metrics that belong together, by what they have in common; one alone keeps its own name. */
export function grouped(
  names: readonly string[]
): readonly (readonly [title: string, names: readonly string[]])[] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const { base } = named(name);
    groups.set(base, [...(groups.get(base) ?? []), name]);
  }
  return [...groups].flatMap(([base, own]): [string, string[]][] =>
    own.some(name => named(name).isTrain) &&
    own.some(name => !named(name).isTrain)
      ? [[base, own]]
      : own.map(name => [name, [name]])
  );
}

/** The lines of a chart of several metrics: each run once a metric, what it was trained on dotted. */
export function overlaid(
  lines: readonly Line[],
  names: readonly string[],
  courses: Readonly<Record<string, readonly Course[]>>
): { lines: readonly Line[]; courses: readonly Course[] } {
  const idOf = (id: string, name: string): string => `${id} ${name}`;
  return {
    lines: lines.flatMap(line =>
      names.map(name => {
        const { part, isTrain } = named(name);
        return {
          ...line,
          id: idOf(line.id, name),
          name: `${line.name} ${part || 'train'}`,
          part: part || 'train',
          ...(isTrain && { dotted: true })
        };
      })
    ),
    courses: names.flatMap(name =>
      (courses[name] ?? []).map(course => ({
        ...course,
        id: idOf(course.id, name)
      }))
    )
  };
}

/** Names by whether a model is judged by them: those that say what is better, then others, then those of training. */
export function judgedFirst(names: readonly string[]): string[] {
  const rankOf = (name: string): number => {
    const { part, isTrain } = named(name);
    return isTrain && part !== '' ? 2 : Number(directionOf(name) === 'unknown');
  };
  return [...names].sort((a, b) => rankOf(a) - rankOf(b));
}
