import { describe, expect, it } from 'vitest';

import { planOf, SMALL } from '../pipelines/layout';
import { boxOf, svgOf } from './saving';

const LOOKS = {
  paper: '#fff',
  ink: '#000',
  grey: '#666',
  line: '#ccc',
  hues: ['#045795', '#e16b09']
};
const step = (name: string) => ({
  name,
  cells: [],
  inputs: [],
  outputs: [],
  carried: []
});
const graph = {
  pipeline: 'a "b" & <c>',
  notebook: '',
  steps: ['load', 'fit'].map(step),
  edges: [{ from: 'load', to: 'fit', names: ['x<y'], reasons: [] }],
  parameters: [],
  findings: []
};

describe('svgOf', () => {
  it('is well formed, whatever steps and names are called', () => {
    const plan = planOf(graph);
    const svg = svgOf(graph, plan, SMALL, LOOKS, { fit: '2 cells' });
    expect(svg).toContain('x&lt;y');
    expect(svg).toContain('a &quot;b&quot; &amp; &lt;c&gt;');
    expect(svg).toContain('2 cells');
    expect(svg.match(/<rect/g)).toHaveLength(5);
    expect(svg.match(/#045795/g)).toHaveLength(1);
  });

  it('has room for all that is drawn', () => {
    const plan = planOf(graph);
    const box = boxOf(plan, SMALL);
    for (const { x, y } of plan.places) {
      expect(x).toBeGreaterThan(box.x);
      expect(y + SMALL.height).toBeLessThan(box.y + box.height);
    }
  });
});
