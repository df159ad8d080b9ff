import { describe, expect, it } from 'vitest';

import { labelOf, placesOf } from './layout';

const step = (name: string) => ({ name, cells: [], inputs: [], outputs: [] });
const edge = (from: string, to: string) => ({
  from,
  to,
  names: [],
  reasons: []
});

describe('placesOf', () => {
  it('puts what comes later further down and branches side by side', () => {
    const places = placesOf({
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
  });

  it('has a place for a step on its own, and none for none', () => {
    expect(placesOf({ steps: [step('a')], edges: [] })).toHaveLength(1);
    expect(placesOf({ steps: [], edges: [] })).toEqual([]);
  });
});

describe('labelOf', () => {
  it('names two and counts the rest', () => {
    expect(labelOf(['a', 'b', 'c', 'd'], [])).toBe('a, b +2');
    expect(labelOf([], ['after tag'])).toBe('after tag');
  });
});
