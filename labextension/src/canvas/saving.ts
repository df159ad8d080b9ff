/** The graph as a picture of its own: an SVG that needs no style sheet, and a PNG made of it. */

import { Graph } from '../api/types';
import { HUES } from '../runs/marked';
import { labelOf, Measures, pathOf, Plan, titleOf } from '../pipelines/layout';

/** The colors of the theme; `hues` are those of the steps. */
export interface Looks {
  paper: string;
  ink: string;
  grey: string;
  line: string;
  hues: readonly string[];
}

const MARGIN = 24;
const SCALE = 2; // pixels of a PNG for each of the screen

/** The colors that a part of the page has. */
export function looksOf(element: Element): Looks {
  const style = getComputedStyle(element);
  const color = (name: string): string => style.getPropertyValue(name).trim();
  return {
    paper: color('--jp-layout-color1'),
    ink: color('--jp-ui-font-color1'),
    grey: color('--jp-mlops-grey'),
    line: color('--jp-border-color1'),
    hues: Array.from({ length: HUES }, (_, place) =>
      color(`--jp-mlops-c${place + 1}`)
    )
  };
}

function escaped(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}

/** How large the picture of a plan is, with its margins. */
export function boxOf(
  plan: Plan,
  { width, height }: Measures
): { x: number; y: number; width: number; height: number } {
  const points = [
    ...plan.places.flatMap(({ x, y }) => [
      { x, y },
      { x: x + width, y: y + height }
    ]),
    ...plan.rooms.flatMap(room => [
      { x: room.x, y: room.y },
      { x: room.x + room.width, y: room.y + room.height }
    ]),
    ...plan.ways.flatMap(way => [...way.points, way.label])
  ];
  const xs = points.map(point => point.x);
  const ys = points.map(point => point.y);
  const [left, top] = [Math.min(0, ...xs), Math.min(0, ...ys)];
  return {
    x: left - MARGIN,
    y: top - MARGIN,
    width: Math.max(0, ...xs) - left + 2 * MARGIN,
    height: Math.max(0, ...ys) - top + 2 * MARGIN
  };
}

/** The picture. `facts` are the words below the name of each step. */
export function svgOf(
  graph: Graph,
  plan: Plan,
  measures: Measures,
  looks: Looks,
  facts: Readonly<Record<string, string>>
): string {
  const box = boxOf(plan, measures);
  const lines = plan.ways.map(
    ({ points }) =>
      `<path d="${pathOf(points)}" fill="none" stroke="${looks.grey}" stroke-width="1.5" marker-end="url(#end)"/>`
  );
  const labels = graph.edges.map(({ names, reasons }, place) => {
    const { x, y } = plan.ways[place]?.label ?? { x: 0, y: 0 };
    return `<text x="${x}" y="${y + 4}" text-anchor="middle" font-size="12" fill="${looks.grey}" stroke="${looks.paper}" stroke-width="4" paint-order="stroke">${escaped(labelOf(names, reasons))}</text>`;
  });
  const rooms = plan.rooms.map(({ name, x, y, width, height }) =>
    [
      `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="8" fill="none" stroke="${looks.line}" stroke-dasharray="4 3"/>`,
      `<text x="${x + 14}" y="${y + 21}" font-size="13" font-weight="600" fill="${looks.grey}">${escaped(name)}</text>`
    ].join('')
  );
  const steps = plan.places.map(({ name, x, y }, place) => {
    const hue = looks.hues[place % looks.hues.length] ?? looks.ink;
    return [
      `<rect x="${x}" y="${y}" width="${measures.width}" height="${measures.height}" rx="4" fill="${looks.paper}" stroke="${looks.line}"/>`,
      `<rect x="${x}" y="${y}" width="4" height="${measures.height}" fill="${hue}"/>`,
      `<text x="${x + 14}" y="${y + 23}" font-size="13" font-weight="600" fill="${looks.ink}">${escaped(titleOf(name, plan))}</text>`,
      `<text x="${x + 14}" y="${y + 43}" font-size="12" fill="${looks.grey}">${escaped(facts[name] ?? '')}</text>`
    ].join('');
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box.x} ${box.y} ${box.width} ${box.height}" width="${box.width}" height="${box.height}" font-family="system-ui, sans-serif" role="img" aria-label="${escaped(graph.pipeline)}">`,
    `<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="${looks.grey}"/></marker></defs>`,
    `<rect x="${box.x}" y="${box.y}" width="${box.width}" height="${box.height}" fill="${looks.paper}"/>`,
    ...rooms,
    ...lines,
    ...labels,
    ...steps,
    '</svg>'
  ].join('\n');
}

/** The picture as a PNG, twice as fine as the screen. */
export async function pngOf(svg: string): Promise<Blob> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = image.width * SCALE;
  canvas.height = image.height * SCALE;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) =>
    canvas.toBlob(blob => {
      if (blob === null) {
        reject(new Error('the browser cannot draw a picture of this size'));
      } else {
        resolve(blob);
      }
    }, 'image/png')
  );
}
