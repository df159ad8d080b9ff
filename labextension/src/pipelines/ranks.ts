/** A quick layout for graphs of hundreds of steps: a row a rank, each step near those that it takes from. Pure. */

import { Graph } from '../api/types';

/** Where a step stands: its row, and its place in it from 0. */
export interface Seat {
  row: number;
  place: number;
}

const SWEEPS = 4;

/** The rows of a graph; a step stands below all that it comes after. Edges that go back are left out of account. */
export function rowsOf({
  steps,
  edges
}: Pick<Graph, 'steps' | 'edges'>): string[][] {
  const order = new Map(steps.map((step, place) => [step.name, place]));
  const above = new Map<string, string[]>();
  const below = new Map<string, string[]>();
  for (const { from, to } of edges) {
    if ((order.get(from) ?? 0) < (order.get(to) ?? 0)) {
      above.set(to, [...(above.get(to) ?? []), from]);
      below.set(from, [...(below.get(from) ?? []), to]);
    }
  }
  const row = new Map<string, number>();
  const rows: string[][] = [];
  for (const { name } of steps) {
    const before = (above.get(name) ?? []).map(other => row.get(other) ?? 0);
    const place = Math.max(-1, ...before) + 1;
    row.set(name, place);
    (rows[place] ??= []).push(name);
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const isDown = sweep % 2 === 0;
    arrange(isDown ? rows : [...rows].reverse(), isDown ? above : below);
  }
  return rows;
}

/** Each row in the order of the middle of what its steps are joined to. */
function arrange(
  rows: readonly string[][],
  joined: ReadonlyMap<string, readonly string[]>
): void {
  const at = new Map<string, number>();
  for (const names of rows) {
    const middle = new Map(
      names.map((name, place) => {
        const others = (joined.get(name) ?? []).map(one => at.get(one) ?? 0);
        const sum = others.reduce((a, b) => a + b, 0);
        return [
          name,
          others.length > 0 ? sum / others.length : place - names.length / 2
        ];
      })
    );
    names.sort((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0));
    names.forEach((name, place) => at.set(name, place - names.length / 2));
  }
}

/** The edges of a graph, without those that other edges lead to as well. */
export function withoutDetours({
  steps,
  edges
}: Pick<Graph, 'steps' | 'edges'>): Graph['edges'] {
  const above = new Map<string, Set<string>>(); // all that a step comes after
  const kept: Graph['edges'] = [];
  for (const { name } of steps) {
    const own = edges.filter(edge => edge.to === name && above.has(edge.from));
    const further = own.map(edge => above.get(edge.from) ?? new Set<string>());
    kept.push(
      ...own.filter(edge => !further.some(others => others.has(edge.from)))
    );
    above.set(
      name,
      new Set([...own.map(edge => edge.from), ...further.flatMap(f => [...f])])
    );
  }
  return kept;
}

/** The seat of each step. */
export function seatsOf(rows: readonly string[][]): Map<string, Seat> {
  return new Map(
    rows.flatMap((names, row) =>
      names.map((name, place): [string, Seat] => [name, { row, place }])
    )
  );
}
