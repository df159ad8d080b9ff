/** Where the steps of a graph stand: dagre lays it out, from top to bottom or from left to right. */

import { graphlib, layout } from '@dagrejs/dagre';

import { Graph } from '../api/types';
import { rowsOf, seatsOf, withoutDetours } from './ranks';

/**
 * How large steps are, how wide a character of a label is (0: edges have none), and where the graph goes; in
 * pixels.
 */
export interface Measures {
  width: number;
  height: number;
  character: number;
  way: 'TB' | 'LR';
}

/** Those of the small picture. */
export const SMALL: Measures = {
  width: 108,
  height: 24,
  character: 0,
  way: 'TB'
};

const NARROWEST = 68; // where many stand side by side: a mark and the beginning of a name
const WIDEST = 160; // of a step in the small picture
const TWO_LINES = 38; // its height where its time stands below its name
const LETTER = 8; // pixels of a name, at most on average
const DIGIT = 6.5; // the same of a time
const AROUND = 42; // the mark, the border, and what is left free beside them

/** The measures of the small picture in so much `room`: what is asked for is that names and times are seen whole. */
export function smallIn(
  graph: Pick<Graph, 'steps' | 'edges'>,
  room: number,
  timeOf: (step: string) => string
): Measures {
  const rows = rowsOf({ ...graph, edges: withoutDetours(graph) });
  const most = Math.max(...rows.map(names => names.length), 1);
  const each = Math.floor((room - ((most - 1) * CLOSE) / 2) / most);
  const width = Math.min(Math.max(each, NARROWEST), WIDEST);
  const needs = graph.steps.map(({ name }) => {
    const time = timeOf(name);
    const long = name.length * LETTER + time.length * DIGIT + AROUND;
    return time === '' ? 0 : long;
  });
  const isTight = Math.max(...needs, 0) > width;
  return { ...SMALL, width, height: isTight ? TWO_LINES : SMALL.height };
}

/** Steps beyond which dagre takes seconds. */
const MANY = 120;
const ROW = 48; // pixels between two rows of the quick layout
const CLOSE = 16; // the same where edges have no labels

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

/** The box around the steps of one notebook, where there are several. */
export interface Room extends Place {
  width: number;
  height: number;
}

/** Where everything is. */
export interface Plan {
  places: Place[];
  ways: Way[];
  rooms: Room[];
}

/** What is laid out: a graph, of several notebooks or of one. */
type Laid = Pick<Graph, 'steps' | 'edges' | 'notebooks'>;

const ROOM = { side: 16, head: 32 }; // pixels around the steps of a notebook, and above them for its name

/** The notebook of a step, where there are several: `load` of `load.clean`. */
export function roomOf(step: string): string {
  return step.split('.', 1)[0] ?? '';
}

/** The layout of all steps; steps that nothing joins stand side by side. */
export function planOf(graph: Laid, measures: Measures = SMALL): Plan {
  const { width, height, character } = measures;
  if (character === 0) {
    return quickPlanOf({ ...graph, edges: withoutDetours(graph) }, measures);
  }
  if (graph.steps.length > MANY) {
    return quickPlanOf(graph, measures);
  }
  const names = graph.notebooks?.map(({ name }) => name) ?? [];
  const plan = new graphlib.Graph({ compound: names.length > 0 });
  plan.setGraph({
    rankdir: measures.way,
    nodesep: height / 2,
    ranksep: 36
  });
  plan.setDefaultEdgeLabel(() => ({}));
  for (const step of graph.steps) {
    plan.setNode(step.name, { width, height });
  }
  for (const name of names) {
    plan.setNode(roomNode(name), {});
  }
  if (names.length > 0) {
    graph.steps.forEach(({ name }) =>
      plan.setParent(name, roomNode(roomOf(name)))
    );
  }
  for (const edge of graph.edges) {
    const long = labelOf(edge.names, edge.reasons).length * character;
    plan.setEdge(edge.from, edge.to, {
      width: long,
      height: 12,
      labelpos: 'c'
    });
  }
  layout(plan);
  const places = graph.steps.map(({ name }) => {
    const { x, y } = plan.node(name) as { x: number; y: number };
    return { name, x: x - width / 2, y: y - height / 2 };
  });
  const ways = graph.edges.map(({ from, to }) => {
    const { points, x, y } = plan.edge(from, to) as LaidEdge;
    return { from, to, points, label: { x, y } };
  });
  return { places, ways, rooms: roomsOf(names, places, measures) };
}

/** What a notebook is called in the layout: no step has such a name. */
function roomNode(name: string): string {
  return `${name} `;
}

/** What stands in the box of a step: in the room of its notebook, the name that it has there. */
export function titleOf(step: string, { rooms }: Pick<Plan, 'rooms'>): string {
  return rooms.length > 0 ? step.slice(roomOf(step).length + 1) : step;
}

/** A box around the steps of each notebook. */
function roomsOf(
  names: readonly string[],
  places: readonly Place[],
  { width, height }: Measures
): Room[] {
  return names.flatMap(name => {
    const own = places.filter(place => roomOf(place.name) === name);
    if (own.length === 0) {
      return [];
    }
    const x = Math.min(...own.map(place => place.x)) - ROOM.side;
    const y = Math.min(...own.map(place => place.y)) - ROOM.head;
    const right = Math.max(...own.map(place => place.x)) + width + ROOM.side;
    const below = Math.max(...own.map(place => place.y)) + height + ROOM.side;
    return [{ name, x, y, width: right - x, height: below - y }];
  });
}

const NOWHERE = { x: 0, y: 0 };

/** The layout of many steps, in rows. */
function quickPlanOf(
  graph: Pick<Graph, 'steps' | 'edges'>,
  { width, height, character, way }: Measures
): Plan {
  const gap = character > 0 ? ROW : CLOSE;
  const rows = rowsOf(graph);
  const seats = seatsOf(rows);
  const most = Math.max(...rows.map(names => names.length));
  const [across, down] = [width + gap / 2, height + gap];
  const [side, ahead] = way === 'TB' ? [across, down] : [down, width + 2 * gap];
  const places = graph.steps.map(({ name }) => {
    const { row, place } = seats.get(name) ?? { row: 0, place: 0 };
    const aside = (place + (most - (rows[row]?.length ?? 0)) / 2) * side;
    return way === 'TB'
      ? { name, x: aside, y: row * ahead }
      : { name, x: row * ahead, y: aside };
  });
  const at = new Map(places.map(place => [place.name, place]));
  const ways = graph.edges.map(({ from, to }) => {
    const start = at.get(from) ?? NOWHERE;
    const end = at.get(to) ?? NOWHERE;
    const points =
      way === 'TB'
        ? [
            { x: start.x + width / 2, y: start.y + height },
            { x: end.x + width / 2, y: end.y }
          ]
        : [
            { x: start.x + width, y: start.y + height / 2 },
            { x: end.x, y: end.y + height / 2 }
          ];
    const [first = NOWHERE, last = NOWHERE] = points;
    const label = middle(first, last);
    return { from, to, points, label };
  });
  return { places, ways, rooms: [] };
}

interface LaidEdge {
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
