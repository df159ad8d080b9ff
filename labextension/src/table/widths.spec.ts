import { describe, expect, it } from 'vitest';

import { Run } from '../api/types';
import { fitting, NAME, widthsOf } from './widths';

const RUNS = [
  {
    number: 12,
    name: 'short',
    metrics: { auc: 0.8333 },
    params: { lr: '0.1', where: 'a very long place on a far away disk' }
  }
] as unknown as Run[];
const COLUMNS = ['metrics.auc', 'params.lr', 'params.where'];

describe('the widths of columns', () => {
  it('are as wide as what they hold asks for', () => {
    const fits = fitting(COLUMNS, RUNS, []);
    expect(fits['params.lr']).toBeLessThan(60);
    expect(fits['params.where']).toBe(160);
    const drawn = fitting(COLUMNS, RUNS, ['metrics.auc']);
    expect(drawn['metrics.auc']).toBeGreaterThan(fits['metrics.auc'] ?? 0);
    expect(fitting(COLUMNS, [], [])[NAME]).toBeGreaterThan(fits[NAME] ?? 0);
  });

  it('are those that were dragged, and leave room beside the name', () => {
    const layout = widthsOf(['params.lr'], { name: 300 }, {}, 250);
    expect(layout.template).toBe('220px 88px 1fr'); // in a narrow window the name takes almost all
    const wide = widthsOf(['params.lr'], { name: 400 }, {}, 500);
    expect(wide.template).toBe('350px 88px 1fr');
    const dragged = widthsOf(['params.lr'], { name: 300 }, { name: 240 }, 250);
    expect(dragged.total).toBe(240 + 88);
  });
});
