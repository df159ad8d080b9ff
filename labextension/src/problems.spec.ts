import { describe, expect, it } from 'vitest';

import { ApiError } from './api/asking';
import { problemOf } from './problems';

describe('a problem', () => {
  it('tells what is not there from what went wrong', () => {
    expect(problemOf(new ApiError('no', '', 404)).isMissing).toBe(true);
    expect(problemOf(new ApiError('no', '', 503)).isMissing).toBeUndefined();
    expect(problemOf(new Error('no')).isMissing).toBeUndefined();
  });
});
