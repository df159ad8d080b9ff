import { describe, expect, it } from 'vitest';

import { Marked } from './marked';

describe('runs that are drawn while nobody has chosen any', () => {
  it('are those suggested, and the choice is not kept', () => {
    const kept: object[] = [];
    const marked = new Marked(state => kept.push(state));
    marked.suggest(['a']);
    expect(marked.drawn).toEqual([]); // what was kept is not known yet
    marked.restore(undefined);
    marked.suggest(['a', 'b']);
    expect(marked.drawn).toEqual(['a', 'b']);
    expect(kept).toEqual([]);
    marked.toggle('a');
    marked.toggle('b');
    marked.suggest(['c']);
    expect(marked.drawn).toEqual([]); // somebody has chosen none
  });

  it('are none where something was kept', () => {
    const marked = new Marked();
    marked.restore({ drawn: [], baseline: '' });
    marked.suggest(['a']);
    expect(marked.drawn).toEqual([]);
  });
});
