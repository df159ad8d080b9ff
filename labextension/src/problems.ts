/** An error as the interface shows it. */

import { ApiError } from './api/client';

/** What is wrong, and what to do. */
export interface Problem {
  message: string;
  hint: string;
}

/** Any error as a problem. */
export function problemOf(error: unknown): Problem {
  return error instanceof ApiError
    ? { message: error.message, hint: error.hint }
    : {
        message: error instanceof Error ? error.message : String(error),
        hint: ''
      };
}
