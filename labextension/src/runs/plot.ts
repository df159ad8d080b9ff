/** How uPlot is told to draw in the style of the product: hairlines, names at the ends, raw values behind. */

import uPlot from 'uplot';

import { Axis } from './courses';
import { Line } from './lines';

const HEIGHT = 200;
const LETTER = 6.5; // px, of the names at the ends of lines
const LINE = 12; // least distance of two such names
const FONT = '11px system-ui, sans-serif';

/** One line: where its points stand, as they are and smoothed. */
export interface Trace {
  line: Line;
  places: readonly number[];
  raw: readonly (number | null)[];
  values: readonly (number | null)[];
  /** The newest value, which a line over stretches does not have. */
  last: number | null;
  /** The least and the greatest value around each point, where one stands for many. */
  band?: readonly [
    low: readonly (number | null)[],
    high: readonly (number | null)[]
  ];
}

/** The columns of a chart: of each trace its points as they are, and smoothed; then the ends of the bands. */
export function columnsOf(
  traces: readonly Trace[]
): { iterations: readonly number[]; values: readonly (number | null)[] }[] {
  return [
    ...traces.flatMap(({ places, raw, values }) => [
      { iterations: places, values: raw },
      { iterations: places, values }
    ]),
    ...traces.flatMap(({ places, band }) =>
      (band ?? []).map(values => ({ iterations: places, values }))
    )
  ];
}

interface Wish {
  traces: readonly Trace[];
  logarithmic: boolean;
  axis: Axis;
  group: string;
  format?: (value: number) => string;
  fromZero?: boolean;
  onMove: (at: number | null) => void;
}

/** The options of a chart in `node`. Colours are read when it is drawn, so that they follow the theme. */
export function plotOf(node: HTMLElement, wish: Wish): uPlot.Options {
  const { format } = wish;
  const colour = (name: string): string =>
    getComputedStyle(node).getPropertyValue(name).trim();
  const isSmoothed = wish.traces.some(trace => trace.raw !== trace.values);
  const banded = wish.traces.filter(trace => trace.band);
  return {
    width: Math.max(node.clientWidth, 200),
    height: HEIGHT,
    padding: [8, roomFor(wish.traces), 0, 0],
    legend: { show: false },
    scales: {
      x: { time: wish.axis === 'time' },
      y: {
        distr: wish.logarithmic ? 3 : 1,
        ...(wish.fromZero && { range: (_, __, most) => [0, most * 1.1 || 1] })
      }
    },
    cursor: {
      sync: { key: wish.group },
      y: false,
      points: { size: 6 },
      drag: { x: true, y: false }
    },
    axes: axesOf(colour, format),
    series: [
      {},
      ...wish.traces.flatMap(({ line }) => seriesOf(line, colour, isSmoothed)),
      ...banded.flatMap(() => [UNSEEN, UNSEEN])
    ],
    bands: banded.map(({ line }, place) => {
      const low = 2 * wish.traces.length + 2 * place + 1;
      return {
        series: [low + 1, low] as [number, number],
        fill: () => `color-mix(in srgb, ${colour(line.hue)} 18%, transparent)`
      };
    }),
    hooks: {
      draw: [chart => drawNames(chart, wish.traces, colour)],
      setCursor: [
        chart => {
          const { idx } = chart.cursor;
          const at =
            idx === null || idx === undefined ? null : chart.data[0][idx];
          wish.onMove(at ?? null);
        }
      ]
    }
  };
}

function axesOf(
  colour: (name: string) => string,
  format: Wish['format']
): uPlot.Axis[] {
  const axis: uPlot.Axis = {
    stroke: () => colour('--jp-ui-font-color2'),
    font: FONT,
    ticks: { show: false }
  };
  return [
    { ...axis, size: 24, grid: { show: false } },
    {
      ...axis,
      size: format ? 64 : 52,
      space: 27, // three to six hairlines
      values: format && ((_, at) => at.map(value => format(value))),
      grid: { stroke: () => colour('--jp-border-color2'), width: 1 }
    }
  ];
}

/** The end of a band: not drawn, only what lies between. */
const UNSEEN: uPlot.Series = { width: 0, points: { show: false } };

function seriesOf(
  line: Line,
  colour: (name: string) => string,
  isSmoothed: boolean
): uPlot.Series[] {
  return [
    {
      show: isSmoothed,
      stroke: () => colour(line.hue),
      width: 1,
      alpha: 0.25,
      points: { show: false }
    },
    {
      label: line.name,
      stroke: () => colour(line.hue),
      width: 1.5,
      dash: line.dotted ? [2, 3] : line.dashed ? [6, 3] : undefined,
      spanGaps: false
    }
  ];
}

/** The room for the names at the ends of lines, in px. */
function roomFor(traces: readonly Trace[]): number {
  return 12 + LETTER * Math.max(...traces.map(({ line }) => line.name.length));
}

/** The names at the ends of the lines; those that would touch are moved apart. */
function drawNames(
  chart: uPlot,
  traces: readonly Trace[],
  colour: (name: string) => string
): void {
  const { ctx, bbox } = chart;
  const scale = uPlot.pxRatio;
  const ends = traces
    .map((trace, place) => {
      const values = chart.data[2 * place + 2] ?? [];
      const last = [...values]
        .reverse()
        .find(value => typeof value === 'number');
      return {
        trace,
        y: typeof last === 'number' ? chart.valToPos(last, 'y', true) : NaN
      };
    })
    .filter(({ y }) => y >= bbox.top && y <= bbox.top + bbox.height)
    .sort((a, b) => a.y - b.y);
  const step = LINE * scale;
  let free = bbox.top;
  const highest = bbox.top + bbox.height - step * ends.length;
  ctx.save();
  ctx.font = `${11 * scale}px system-ui, sans-serif`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'middle';
  ends.forEach(({ trace, y }, place) => {
    const at = Math.max(free, Math.min(y, highest + step * (place + 1)));
    ctx.fillStyle = colour(trace.line.hue);
    ctx.fillText(trace.line.name, bbox.left + bbox.width + 6 * scale, at);
    free = at + step;
  });
  ctx.restore();
}

/** The chart as a picture of twice its size, with its title. The colours are those of the page. */
export function picture(
  canvas: HTMLCanvasElement,
  title: string,
  traces: readonly Trace[],
  page: Element
): HTMLCanvasElement {
  const ratio = 2 / (canvas.width / canvas.clientWidth || 1);
  const head = 56;
  const foot = 40;
  const made = document.createElement('canvas');
  made.width = canvas.width * ratio;
  made.height = canvas.height * ratio + head + foot;
  const ctx = made.getContext('2d');
  const style = getComputedStyle(page);
  if (ctx !== null) {
    ctx.fillStyle = style.getPropertyValue('--jp-layout-color1').trim();
    ctx.fillRect(0, 0, made.width, made.height);
    ctx.fillStyle = style.getPropertyValue('--jp-ui-font-color0').trim();
    ctx.font = '600 26px system-ui, sans-serif';
    ctx.fillText(title, 24, 36);
    ctx.drawImage(canvas, 0, head, made.width, canvas.height * ratio);
    ctx.font = '22px system-ui, sans-serif';
    let left = 24;
    for (const { line } of traces) {
      ctx.fillStyle = style.getPropertyValue(line.hue).trim();
      ctx.fillText(line.name, left, made.height - 12);
      left += ctx.measureText(line.name).width + 32;
    }
  }
  return made;
}
