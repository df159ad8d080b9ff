import { describe, expect, it } from 'vitest';

import { broken, bytes, latency, rate } from './course';

describe('a course', () => {
  it('is broken where nobody was answered', () => {
    const points = [1, 2, null, null, 3].map((value, at) => ({ at, value }));
    expect(broken(points).map(part => part.map(one => one.value))).toEqual([
      [1, 2],
      [3]
    ]);
    expect(broken([{ at: 0, value: null }])).toEqual([]);
  });

  it('says measures in the unit that fits', () => {
    expect([latency(null), latency(0.000417), latency(0.0043)]).toEqual([
      '–',
      '0.42 ms',
      '4.3 ms'
    ]);
    expect([latency(0.128), latency(1.24)]).toEqual(['130 ms', '1.2 s']);
    expect([rate(0), rate(0.416), rate(58.4), rate(2345.6)]).toEqual([
      '0',
      '0.42',
      '58',
      '2,346'
    ]);
    expect([bytes(143.4e6), bytes(2.35e9)]).toEqual(['143 MB', '2.4 GB']);
  });
});
