import { describe, expect, it } from 'vitest';

import { placeIn } from './moments';

describe('placeIn', () => {
  it('counts days and hours in the zone of the schedule', () => {
    const at = Date.UTC(2026, 10, 24, 23, 30) / 1000;
    expect(placeIn(at, 'UTC')).toEqual(['2026-11-24', 23.5]);
    expect(placeIn(at, 'Europe/Berlin')).toEqual(['2026-11-25', 0.5]);
    expect(placeIn(at, 'no zone')[0]).toMatch(/^2026-11-2\d$/);
  });
});
