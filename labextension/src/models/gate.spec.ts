import { describe, expect, it } from 'vitest';

import { isJudged, verdictOf } from './gate';

describe('the verdict of a rule', () => {
  it.each([
    ['pass', 0.1, 'pass', true],
    ['pass', 0, 'pass', true],
    ['pass', null, 'not judged', false], // there was nothing to compare with
    ['fail', null, 'fail', true],
    ['not enough data', 0.1, 'not enough data', false]
  ])('%s with %s is %s', (verdict, estimate, told, judged) => {
    expect(verdictOf({ verdict, estimate })).toBe(told);
    expect(isJudged({ verdict, estimate })).toBe(judged);
  });
});
