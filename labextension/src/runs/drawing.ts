/** A chart as SVG: axes with their ends, a line a run, and the names of the runs. Pure. */

/** One line of a chart. */
export interface Trace {
  name: string;
  colour: string;
  points: readonly (readonly [x: number, y: number] | null)[];
}

const MARGIN = { left: 70, right: 10, top: 30, bottom: 40 };
const SIZE = { width: 640, height: 360 };
const BOTTOM = SIZE.height - MARGIN.bottom;

/** Where values stand, in pixels. */
interface Places {
  x: (value: number) => number;
  y: (value: number) => number;
}

/** The chart; with a logarithmic axis, values from 0 down are gaps. */
export function svgChart(
  title: string,
  traces: readonly Trace[],
  logarithmic = false
): string {
  const all = traces.flatMap(trace => pieces(trace, logarithmic).flat());
  const xs = all.map(([x]) => x);
  const ys = all.map(([, y]) => y);
  const at = placesOf(xs, ys, logarithmic);
  const lines = traces.flatMap(trace =>
    pieces(trace, logarithmic).map(piece => {
      const points = piece
        .map(([x, y]) => `${at.x(x).toFixed(1)},${at.y(y).toFixed(1)}`)
        .join(' ');
      return `<polyline fill="none" stroke="${trace.colour}" stroke-width="1.5" points="${points}"/>`;
    })
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${SIZE.width}" height="${SIZE.height}" font-family="sans-serif" font-size="11">`,
    `<rect width="100%" height="100%" fill="white"/>`,
    `<path fill="none" stroke="#888" d="M${MARGIN.left} ${MARGIN.top}V${BOTTOM}H${SIZE.width - MARGIN.right}"/>`,
    ...lines,
    text(SIZE.width / 2, 18, title, 'middle'),
    ...axisLabels(xs, ys, at),
    ...traces.map((trace, n) =>
      text(
        MARGIN.left + 8,
        MARGIN.top + 14 + 14 * n,
        trace.name,
        'start',
        trace.colour
      )
    ),
    '</svg>'
  ].join('\n');
}

function placesOf(xs: number[], ys: number[], logarithmic: boolean): Places {
  const scale = logarithmic ? Math.log10 : (value: number): number => value;
  const y = between(ys.map(scale), BOTTOM, MARGIN.top);
  return {
    x: between(xs, MARGIN.left, SIZE.width - MARGIN.right),
    y: value => y(scale(value))
  };
}

/** A straight line from the smallest value at `from` to the greatest at `to`. */
function between(
  values: number[],
  from: number,
  to: number
): (value: number) => number {
  const [low = 0, high = low] = ends(values);
  const range = high - low || 1;
  return value => from + ((value - low) / range) * (to - from);
}

function axisLabels(xs: number[], ys: number[], at: Places): string[] {
  return [
    ...ends(xs).map(x => text(at.x(x), BOTTOM + 16, String(x), 'middle')),
    ...ends(ys).map(y =>
      text(
        MARGIN.left - 6,
        at.y(y) + 4,
        String(Number(y.toPrecision(4))),
        'end'
      )
    )
  ];
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
