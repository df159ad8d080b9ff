/** What is on screen as a file: a table as CSV, a chart as SVG or PNG. */

import { Value } from '../api/types';

/** One cell of CSV. What a spreadsheet would take for a formula is kept from being one. */
export function csvCell(value: Value | null): string {
  const text = value === null ? '' : String(value);
  const safe =
    typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

/** A table as CSV. */
export function csv(rows: readonly (readonly (Value | null)[])[]): string {
  return rows.map(row => `${row.map(csvCell).join(',')}\r\n`).join('');
}

/** One line of a chart. */
export interface Trace {
  name: string;
  colour: string;
  points: readonly (readonly [x: number, y: number] | null)[];
}

const MARGIN = { left: 70, right: 10, top: 30, bottom: 40 };

/** A chart as SVG: axes with their ends, a line a run, and the names of the runs. */
export function svgChart(
  title: string,
  traces: readonly Trace[],
  size = { width: 640, height: 360 },
  logarithmic = false
): string {
  const all = traces.flatMap(trace =>
    trace.points.filter(
      (point): point is readonly [number, number] =>
        point !== null && (!logarithmic || point[1] > 0)
    )
  );
  const y = (value: number): number =>
    logarithmic ? Math.log10(value) : value;
  const place = (
    values: number[],
    from: number,
    to: number
  ): ((value: number) => number) => {
    const low = values.reduce((a, b) => Math.min(a, b), Infinity);
    const range = values.reduce((a, b) => Math.max(a, b), -Infinity) - low || 1;
    return value => from + ((value - low) / range) * (to - from);
  };
  const atX = place(
    all.map(([x]) => x),
    MARGIN.left,
    size.width - MARGIN.right
  );
  const atY = place(
    all.map(([, value]) => y(value)),
    size.height - MARGIN.bottom,
    MARGIN.top
  );
  const bottom = size.height - MARGIN.bottom;
  const labels = [
    text(size.width / 2, 18, title, 'middle'),
    ...ends(all.map(([x]) => x)).map(x =>
      text(atX(x), bottom + 16, String(x), 'middle')
    ),
    ...ends(all.map(([, value]) => value)).map(value =>
      text(
        MARGIN.left - 6,
        atY(y(value)) + 4,
        String(Number(value.toPrecision(4))),
        'end'
      )
    ),
    ...traces.map((trace, n) =>
      text(
        MARGIN.left + 8,
        MARGIN.top + 14 + 14 * n,
        trace.name,
        'start',
        trace.colour
      )
    )
  ];
  const lines = traces.flatMap(trace =>
    pieces(trace, logarithmic).map(piece => {
      const points = piece
        .map(([x, value]) => `${atX(x).toFixed(1)},${atY(y(value)).toFixed(1)}`)
        .join(' ');
      return `<polyline fill="none" stroke="${trace.colour}" stroke-width="1.5" points="${points}"/>`;
    })
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" font-family="sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<path fill="none" stroke="#888" d="M${MARGIN.left} ${MARGIN.top}V${bottom}H${size.width - MARGIN.right}"/>`,
    ...lines,
    ...labels,
    '</svg>'
  ].join('\n');
}

function ends(values: number[]): number[] {
  if (values.length === 0) {
    return [];
  }
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  return low === high ? [low] : [low, high];
}

/** The parts of a line between its gaps. */
function pieces(
  trace: Trace,
  logarithmic: boolean
): (readonly [number, number])[][] {
  const found: (readonly [number, number])[][] = [[]];
  for (const point of trace.points) {
    if (point === null || (logarithmic && point[1] <= 0)) {
      found.push([]);
    } else {
      found[found.length - 1]?.push(point);
    }
  }
  return found.filter(piece => piece.length > 0);
}

function text(
  x: number,
  y: number,
  words: string,
  anchor: string,
  colour = '#333'
): string {
  const safe = words
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;');
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${safe}</text>`;
}

/** Gives the browser a file to save. */
export function download(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name.replace(/[^\w.-]+/g, '_');
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
