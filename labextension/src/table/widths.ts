/** How wide columns are: as their content asks for, unless they were dragged. Pure. */

import { Run } from '../api/types';
import { cellOf, splitColumn } from '../runs/columns';
import { aligned, calledAs } from '../runs/words';

const USUAL: Readonly<Record<string, number>> = {
  status: 52,
  started: 92,
  duration: 72,
  note: 200,
  experiment: 120,
  kind: 80,
  user: 80,
  source: 160
};
const OTHER = 88;
const SPARK = 52; // a course and what is left free beside it
const SIDES = 18; // what is left free at both sides of a cell
const LETTER = 8; // pixels of 13, at most on average
const SMALL_LETTER = 6.6; // pixels of 11
const SHORT = 56; // a column that holds little
const LONG = 160; // one that holds texts
const ENOUGH = 100; // runs that are looked at

const FIRST = 304; // eye, dot and name
const SHORTEST = 200;
const AROUND = 96; // eye, dot and pin beside the name
const FOLD = 24; // where some run has parts
const NAME_LETTER = 7.4; // names are words and numbers
const PART = 0.7; // of the width there is, which the name takes at most
const NARROW = 400; // here names take almost all, and other columns are scrolled to
const NARROW_PART = 0.88;

export const NAME = 'name';
export const LEAST = 40;
export const MOST = 800;

/** The layout of a row as a CSS grid, and its width in pixels. */
export interface Layout {
  template: string;
  total: number;
}

/** What columns would be as wide as, by what their heads and the first runs say. */
export function fitting(
  columns: readonly string[],
  runs: readonly Run[],
  withCourse: readonly string[]
): Record<string, number> {
  const some = runs.slice(0, ENOUGH);
  const widthOf = (column: string): number => {
    const [kind, name] = splitColumn(column);
    const usual = USUAL[column];
    if (kind === '') {
      return usual ?? OTHER;
    }
    const texts = some.map(run =>
      kind === 'metrics' ? aligned(run.metrics[name]) : cellOf(run, column)
    );
    const room = withCourse.includes(column) ? SPARK : 0;
    const head = (name.length + 2) * SMALL_LETTER + SIDES; // with an arrow
    const body = longest(texts) * LETTER + SIDES + room;
    return between(SHORT, Math.ceil(Math.max(head, body)), LONG);
  };
  const names = some.map(
    run =>
      `#${run.number} ${calledAs(run)}${run.parts ? ` ${run.parts} trials` : ''}`
  );
  return {
    ...Object.fromEntries(columns.map(column => [column, widthOf(column)])),
    [NAME]:
      some.length === 0
        ? FIRST
        : between(
            SHORTEST,
            longest(names) * NAME_LETTER + AROUND + (hasParts(runs) ? FOLD : 0),
            FIRST
          )
  };
}

/** Whether some run has steps or trials to unfold. */
export function hasParts(runs: readonly Run[]): boolean {
  return runs.some(run => (run.parts ?? 0) > 0);
}

function longest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(text => text.length));
}

function between(least: number, wanted: number, most: number): number {
  return Math.max(least, Math.min(wanted, most));
}

/** The layout of the name and these columns in so much `room`; what is left over is behind the last. */
export function widthsOf(
  columns: readonly string[],
  fits: Readonly<Record<string, number>>,
  chosen: Readonly<Record<string, number>>,
  room: number
): Layout {
  const widthOf = (column: string): number => {
    const fit = fits[column] ?? OTHER;
    const most = room * (room < NARROW ? NARROW_PART : PART);
    const usual = column === NAME && room > 0 ? Math.min(fit, most) : fit;
    return Math.round(between(LEAST, chosen[column] ?? usual, MOST));
  };
  const all = [NAME, ...columns].map(widthOf);
  return {
    template: `${all.map(width => `${width}px`).join(' ')} 1fr`,
    total: all.reduce((sum, width) => sum + width, 0)
  };
}
