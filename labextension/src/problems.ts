/** An error as the interface shows it. */

import { ServerConnection } from '@jupyterlab/services';

import { ApiError } from './api/asking';

const MISSING = 404;

/** What is wrong, and what to do. */
export interface Problem {
  message: string;
  hint: string;
  /** Whether what was asked for is not there. */
  isMissing?: boolean;
}

/** Any error as a problem. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ServerConnection.NetworkError) {
    return {
      message: 'The Jupyter server does not answer.',
      hint: 'Look whether it is running; what is shown here may be old.'
    };
  }
  return error instanceof ApiError
    ? {
        message: error.message,
        hint: error.hint,
        ...(error.status === MISSING && { isMissing: true })
      }
    : {
        message: error instanceof Error ? error.message : String(error),
        hint: ''
      };
}
