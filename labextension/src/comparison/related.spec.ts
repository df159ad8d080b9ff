import { describe, expect, it } from 'vitest';

import { Run } from '../api/types';
import { placeOn, scalesOf } from './related';

function run(params: Record<string, string>, auc: number | string): Run {
  return { params, metrics: { auc } } as unknown as Run;
}

const RUNS = [
  run({ lr: '0.001', depth: '3', seed: '1', kind: 'a', same: '1' }, 0.8),
  run({ lr: '0.1', depth: '3', seed: '2', kind: 'b', same: '1' }, 0.9)
];
const OTHERS = [run({ lr: '0.01', depth: '5', seed: '3', kind: '7' }, 'nan')];

describe('scalesOf', () => {
  it('takes what runs differ in, without seeds, parameters first', () => {
    const names = scalesOf(RUNS, []).map(scale => scale.name);
    expect(names).toEqual(['lr', 'kind', 'auc']);
  });

  it('takes last what only the other runs differ in, and not what only they have', () => {
    const others = [...OTHERS, run({ alone: '1' }, 1), run({ alone: '2' }, 1)];
    const names = scalesOf(RUNS, others).map(scale => scale.name);
    expect(names).toEqual(['lr', 'kind', 'depth', 'auc']);
  });

  it('lays wide parameters out by their logarithm, and words in order', () => {
    const [lr, kind, , auc] = scalesOf(RUNS, OTHERS);
    const places = [...RUNS, ...OTHERS].map(one =>
      [lr, kind, auc].map(scale => scale && placeOn(one, scale))
    );
    expect(lr?.axis.isLog).toBe(true);
    expect(places[2]?.[0]).toBeCloseTo(0.5);
    expect(places[1]?.[1]).toBeCloseTo(5 / 6);
    expect(places[2]?.[1]).toBeCloseTo(1 / 6); // a number among words
    expect(places[2]?.[2]).toBeNull();
  });

  it('leaves out texts that are all different', () => {
    const texts = Array.from({ length: 20 }, (_, n) =>
      run({ note: `text ${n}` }, n)
    );
    expect(scalesOf(texts, []).map(scale => scale.name)).toEqual(['auc']);
  });
});
