/** How wide columns are. Pure. */

const FIRST = 304; // eye, dot and name
const USUAL: Readonly<Record<string, number>> = {
  status: 52,
  started: 96,
  duration: 76,
  note: 200,
  experiment: 120,
  kind: 80,
  user: 80,
  source: 160
};
const METRIC = 120;
const OTHER = 88;

export const NAME = 'name';
export const LEAST = 40;
export const MOST = 800;

/** The layout of a row as a CSS grid, and its width in pixels. */
export interface Layout {
  template: string;
  total: number;
}

/** How wide one column is; `chosen` holds the widths that were dragged. */
export function widthOf(
  column: string,
  chosen: Readonly<Record<string, number>>
): number {
  const usual =
    column === NAME
      ? FIRST
      : (USUAL[column] ?? (column.startsWith('metrics.') ? METRIC : OTHER));
  return Math.max(LEAST, Math.min(chosen[column] ?? usual, MOST));
}

/** The layout of the name and these columns; what is left over is behind the last. */
export function widthsOf(
  columns: readonly string[],
  chosen: Readonly<Record<string, number>>
): Layout {
  const all = [NAME, ...columns].map(column => widthOf(column, chosen));
  return {
    template: `${all.map(width => `${width}px`).join(' ')} 1fr`,
    total: all.reduce((sum, width) => sum + width, 0)
  };
}
