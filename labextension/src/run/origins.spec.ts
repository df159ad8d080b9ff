import { describe, expect, it } from 'vitest';

import { Lineage } from '../api/types';
import { pictureOf } from './origins';

const node = (
  kind: Lineage['nodes'][number]['kind'],
  name: string
): Lineage['nodes'][number] => ({ id: name, kind, name, about: {} });

const LINEAGE: Lineage = {
  root: 'm',
  nodes: [
    node('model', 'm'),
    node('step', 's'),
    node('file', 'in'),
    node('file', 'out'),
    node('run', 'r'),
    node('notebook', 'nb')
  ],
  edges: [
    { source: 'in', target: 's', how: 'read' },
    { source: 's', target: 'out', how: 'made' },
    { source: 's', target: 'm', how: 'made' },
    { source: 's', target: 'r', how: 'part' },
    { source: 'nb', target: 'r', how: 'ran' }
  ]
};

describe('pictureOf', () => {
  const picture = pictureOf(LINEAGE);

  it('puts what went in left, runs in the middle, what came of them right', () => {
    const columns = [0, 1, 2].map(column =>
      picture.placed
        .filter(one => one.column === column)
        .map(one => one.node.name)
    );
    expect(columns).toEqual([
      ['nb', 'in'],
      ['r', 's'],
      ['out', 'm']
    ]);
    expect(picture.rows).toBe(2);
  });

  it('draws a line for each edge but those to the parts of a run', () => {
    expect(
      picture.lines.map(line => `${line.from.node.id}-${line.to.node.id}`)
    ).toEqual(['in-s', 's-out', 's-m', 'nb-r']);
  });

  it('counts what has no room', () => {
    const many = Array.from({ length: 30 }, (_, k) => node('file', `f${k}`));
    const edges = [{ source: 'f29', target: 's', how: 'read' as const }];
    const crowded = pictureOf({
      root: 's',
      nodes: [...many, node('step', 's')],
      edges
    });
    expect(crowded.left).toEqual([18, 0, 0]);
    expect(crowded.lines).toEqual([]);
  });

  it('is there for a thing that stands alone', () => {
    const alone = pictureOf({
      root: 's',
      nodes: [node('run', 's')],
      edges: []
    });
    expect(alone.rows).toBe(1);
  });
});
