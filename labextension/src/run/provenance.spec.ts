import { describe, expect, it } from 'vitest';

import { Lineage, LineageNode } from '../api/types';
import { calledData, readBy } from './provenance';

const node = (
  id: string,
  kind: LineageNode['kind'],
  name: string,
  about: LineageNode['about'] = {}
): LineageNode => ({ id, kind, name, about });
const lineage = (...nodes: LineageNode[]): Lineage => ({
  root: 'run:1',
  nodes,
  edges: nodes.map(({ id }) => ({ source: id, target: 'run:1', how: 'read' }))
});

describe('what a run has read', () => {
  it('is the registered data where there are some, each with its version', () => {
    const found = readBy(
      lineage(
        node('data:flights 2', 'data', 'flights 2', { version: 2 }),
        node('file:a', 'file', 'a.csv'),
        node('fingerprint:x', 'data', 'what it was fitted on')
      )
    );
    expect(found.map(calledData)).toEqual(['flights v2']);
  });

  it('is files by their names where no data are registered', () => {
    const found = readBy(
      lineage(
        node('file:a', 'file', 'a 1'),
        node('fingerprint:x', 'data', 'what it was fitted on'),
        node('notebook:n', 'notebook', 'n.ipynb')
      )
    );
    expect(found.map(calledData)).toEqual(['a 1']);
  });

  it('is nothing of what it has made', () => {
    const made = lineage(node('data:d', 'data', 'd 1', { version: 1 }));
    const edges = made.edges.map(edge => ({ ...edge, how: 'made' as const }));
    expect(readBy({ ...made, edges })).toEqual([]);
  });
});
