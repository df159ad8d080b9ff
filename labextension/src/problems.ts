/** An error as the interface shows it. */

import { ServerConnection } from '@jupyterlab/services';

import { ApiError } from './api/asking';

/** What is wrong, and what to do. */
export interface Problem {
  message: string;
  hint: string;
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
    ? { message: error.message, hint: error.hint }
    : {
        message: error instanceof Error ? error.message : String(error),
        hint: ''
      };
}
