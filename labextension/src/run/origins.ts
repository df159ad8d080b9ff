/** Where the things of a lineage stand in its picture: what went in, runs and steps, what came of them. Pure. */

import { Lineage, LineageNode } from '../api/types';

const MOST = 12; // things of a column that are drawn
const ORDER = ['notebook', 'code', 'data', 'file', 'run', 'step', 'model'];

/** A thing and its place. */
export interface Placed {
  node: LineageNode;
  column: number;
  row: number;
}

/** The picture; `left` counts what of each column has no room. */
export interface Picture {
  placed: readonly Placed[];
  lines: readonly { from: Placed; to: Placed; how: string }[];
  rows: number;
  left: readonly number[];
}

/** The picture of a lineage. Steps stand below their run, so that no line says that they are its parts. */
export function pictureOf(lineage: Lineage): Picture {
  const made = new Set(
    lineage.edges.filter(edge => edge.how === 'made').map(edge => edge.target)
  );
  const columns: LineageNode[][] = [[], [], []];
  const sorted = [...lineage.nodes].sort(
    (a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind)
  );
  for (const node of sorted) {
    columns[columnOf(node, made)]?.push(node);
  }
  const placed = columns.flatMap((nodes, column) =>
    nodes.slice(0, MOST).map((node, row) => ({ node, column, row }))
  );
  const places = new Map(placed.map(one => [one.node.id, one]));
  const lines = lineage.edges
    .filter(edge => edge.how !== 'part')
    .flatMap(({ source, target, how }) => {
      const [from, to] = [places.get(source), places.get(target)];
      return from && to && from.column !== to.column ? [{ from, to, how }] : [];
    });
  return {
    placed,
    lines,
    rows: Math.max(1, ...placed.map(one => one.row + 1)),
    left: columns.map(nodes => Math.max(0, nodes.length - MOST))
  };
}

function columnOf(node: LineageNode, made: ReadonlySet<string>): number {
  if (node.kind === 'run' || node.kind === 'step') {
    return 1;
  }
  const isMade = node.kind === 'model' || node.kind === 'prediction';
  return isMade || made.has(node.id) ? 2 : 0;
}
