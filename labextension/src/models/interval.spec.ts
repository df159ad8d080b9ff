import { describe, expect, it } from 'vitest';

import { spanOf } from './interval';

const RULE = {
  estimate: 0.02,
  low: 0.01,
  high: 0.03,
  limit: 0,
  below: false,
  difference: true
};

describe('spanOf', () => {
  it('draws a difference against zero, better at the right', () => {
    const span = spanOf(RULE);
    expect(span?.zero).toBeCloseTo(0.5);
    expect(span?.low).toBeGreaterThan(0.5);
    expect(span?.limit).toBeNull();
    const margin = spanOf({ ...RULE, limit: -0.01 });
    expect(margin?.limit).toBeLessThan(0.5);
  });

  it('turns a value that has to stay below its limit around', () => {
    const rule = { ...RULE, limit: 0.05, below: true, difference: false };
    const span = spanOf(rule);
    expect(span?.zero).toBeNull();
    expect(span?.limit).toBeCloseTo(0.5);
    expect(span?.low).toBeGreaterThan(0.5);
    expect(span?.high).toBeGreaterThan(span?.at ?? 1);
    expect(spanOf({ ...rule, estimate: 0.09 })?.at).toBeLessThan(0.5);
  });

  it('draws nothing that was not judged', () => {
    expect(spanOf({ ...RULE, estimate: null })).toBeNull();
  });
});
