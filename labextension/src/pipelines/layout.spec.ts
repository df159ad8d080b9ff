import { describe, expect, it } from 'vitest';

import { labelOf, pathOf, planOf, SMALL, smallIn } from './layout';

const step = (name: string) => ({ name, cells: [], inputs: [], outputs: [] });
const edge = (from: string, to: string) => ({
  from,
  to,
  names: [],
  reasons: []
});

describe('planOf', () => {
  it('puts what comes later further down and branches side by side', () => {
    const { places, ways } = planOf({
      steps: ['load', 'left', 'right', 'end'].map(step),
      edges: [
        edge('load', 'left'),
        edge('load', 'right'),
        edge('left', 'end'),
        edge('right', 'end')
      ]
    });
    const at = Object.fromEntries(places.map(place => [place.name, place]));
    expect(at.left?.y).toBe(at.right?.y);
    expect(at.left?.x).not.toBe(at.right?.x);
    expect(at.load?.y).toBeLessThan(at.left?.y ?? 0);
    expect(at.left?.y).toBeLessThan(at.end?.y ?? 0);
    expect(ways.map(way => way.points.length > 1)).toEqual(Array(4).fill(true));
  });

  it('has a place for a step on its own, and none for none', () => {
    expect(planOf({ steps: [step('a')], edges: [] }).places).toHaveLength(1);
    expect(planOf({ steps: [], edges: [] }).places).toEqual([]);
  });
});

describe('smallIn', () => {
  const chain = {
    steps: ['prepare', 'compare'].map(step),
    edges: [edge('prepare', 'compare')]
  };
  const branches = { ...chain, edges: [] };
  const time = () => '1.2 s';

  it('takes the room that there is, so that names and times stand on one line', () => {
    expect(smallIn(chain, 234, time)).toMatchObject({ width: 160, height: 24 });
  });

  it('puts times below names where steps stand side by side', () => {
    const { width, height } = smallIn(branches, 234, time);
    expect(2 * width + 8).toBeLessThanOrEqual(234);
    expect(height).toBeGreaterThan(24);
  });

  it('is low before the first run, and has a least width', () => {
    expect(smallIn(branches, 234, () => '').height).toBe(24);
    expect(smallIn(branches, 100, time).width).toBe(68);
  });

  it('makes steps narrow rather than small where three stand side by side', () => {
    const three = { steps: ['a', 'b', 'c'].map(step), edges: [] };
    const { width } = smallIn(three, 224, time);
    expect(3 * width + 16).toBeLessThanOrEqual(224);
  });
});

describe('planOf many steps', () => {
  const steps = Array.from({ length: 500 }, (_, n) => step(`s${n}`));
  const edges = steps
    .slice(4)
    .map((one, n) => edge(`s${n + 3 - ((n + 4) % 3)}`, one.name));

  it.each(['TB', 'LR'] as const)('is quick, and no two overlap: %s', way => {
    const before = performance.now();
    const { places, ways } = planOf({ steps, edges }, { ...SMALL, way });
    expect(performance.now() - before).toBeLessThan(1000);
    expect(places).toHaveLength(500);
    expect(ways).toHaveLength(edges.length);
    expect(new Set(places.map(({ x, y }) => `${x} ${y}`)).size).toBe(500);
    const at = new Map(places.map(place => [place.name, place]));
    const ahead = way === 'TB' ? 'y' : 'x';
    for (const { from, to } of edges) {
      expect(at.get(from)?.[ahead]).toBeLessThan(at.get(to)?.[ahead] ?? 0);
    }
  });
});

describe('labels', () => {
  it('of one rank do not overlap', () => {
    const wide = (from: string, to: string) => ({
      ...edge(from, to),
      names: ['X_test', 'X_train', 'y_train']
    });
    const graph = {
      steps: ['load', 'left', 'right'].map(step),
      edges: [wide('load', 'left'), wide('load', 'right')]
    };
    const { ways } = planOf(graph, { ...SMALL, character: 6 });
    const [first, second] = ways.map(way => way.label.x);
    expect(Math.abs((first ?? 0) - (second ?? 0))).toBeGreaterThan(80);
  });
});

describe('pathOf', () => {
  it('goes from end to end and bends in between', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 5, y: 10 },
      { x: 0, y: 20 }
    ];
    expect(pathOf(points)).toBe('M0,0 Q5,10 0,20');
    expect(pathOf(points.slice(0, 2))).toBe('M0,0 L5,10');
    expect(pathOf([])).toBe('');
  });
});

describe('labelOf', () => {
  it('names two and counts the rest', () => {
    expect(labelOf(['a', 'b', 'c', 'd'], [])).toBe('a, b +2');
    expect(labelOf([], ['after tag'])).toBe('after tag');
  });
});
