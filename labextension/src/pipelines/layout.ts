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

/** The places of all steps; steps that nothing joins stand side by side. */
export function placesOf(graph: Pick<Graph, 'steps' | 'edges'>): Place[] {
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
  return graph.steps.map(({ name }) => {
    const { x, y } = plan.node(name) as { x: number; y: number };
    return { name, x: x - WIDTH / 2, y: y - HEIGHT / 2 };
  });
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
