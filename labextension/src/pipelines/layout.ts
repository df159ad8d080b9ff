/** Where the steps of a graph stand: dagre lays it out from top to bottom. */

import { graphlib, layout } from '@dagrejs/dagre';

import { Graph } from '../api/types';

export const WIDTH = 130;
export const HEIGHT = 32;
const CHARACTER = 5.5;

/** The place of a step: its upper left corner, in pixels. */
export interface Place {
  name: string;
  x: number;
  y: number;
}

/** The way of an edge, and where its label stands: the layout keeps room for it. */
export interface Way {
  from: string;
  to: string;
  points: readonly { x: number; y: number }[];
  label: { x: number; y: number };
}

/** Where everything is. */
export interface Plan {
  places: Place[];
  ways: Way[];
}

/** The layout of all steps; steps that nothing joins stand side by side. */
export function planOf(graph: Pick<Graph, 'steps' | 'edges'>): Plan {
  const plan = new graphlib.Graph();
  plan.setGraph({ rankdir: 'TB', nodesep: 16, ranksep: 36 });
  plan.setDefaultEdgeLabel(() => ({}));
  for (const step of graph.steps) {
    plan.setNode(step.name, { width: WIDTH, height: HEIGHT });
  }
  for (const edge of graph.edges) {
    const width = labelOf(edge.names, edge.reasons).length * CHARACTER;
    plan.setEdge(edge.from, edge.to, { width, height: 12, labelpos: 'c' });
  }
  layout(plan);
  const places = graph.steps.map(({ name }) => {
    const { x, y } = plan.node(name) as { x: number; y: number };
    return { name, x: x - WIDTH / 2, y: y - HEIGHT / 2 };
  });
  const ways = graph.edges.map(({ from, to }) => {
    const { points, x, y } = plan.edge(from, to) as Laid;
    return { from, to, points, label: { x, y } };
  });
  return { places, ways };
}

interface Laid {
  points: { x: number; y: number }[];
  x: number;
  y: number;
}

/** A smooth line through points, as the path of an SVG: it bends at each one in between. */
export function pathOf(points: Way['points']): string {
  const [first, ...rest] = points;
  const last = rest[rest.length - 1];
  if (first === undefined || last === undefined) {
    return '';
  }
  const bends = rest.slice(0, -1).map((point, place) => {
    const next = rest[place + 1] ?? last;
    const end = next === last ? last : middle(point, next);
    return `Q${point.x},${point.y} ${end.x},${end.y}`;
  });
  return [
    `M${first.x},${first.y}`,
    ...bends,
    ...(bends.length === 0 ? [`L${last.x},${last.y}`] : [])
  ].join(' ');
}

function middle(
  a: { x: number; y: number },
  b: { x: number; y: number }
): { x: number; y: number } {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

/** What an edge says: the names that cross, the first of many, or the reason. */
export function labelOf(
  names: readonly string[],
  reasons: readonly string[]
): string {
  const words = names.length > 0 ? names : reasons;
  const more = words.length - 2;
  return words.slice(0, 2).join(', ') + (more > 0 ? ` +${more}` : '');
}
