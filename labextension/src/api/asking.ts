/** How the server is asked, and what it refuses. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

/** What the server refuses, in its own words. */
export class ApiError extends Error {
  constructor(
    message: string,
    readonly hint: string,
    readonly status: number
  ) {
    super(message);
  }
}

/** Asks the routes of the server extension. */
export class Asking {
  constructor(protected readonly _settings: ServerConnection.ISettings) {}

  protected _find<T>(
    path: string,
    query: Record<string, string> | string[][]
  ): Promise<T> {
    return this._ask(`${path}?${new URLSearchParams(query).toString()}`);
  }

  protected async _ask<T>(
    path: string,
    method = 'GET',
    body?: object
  ): Promise<T> {
    const response = await ServerConnection.makeRequest(
      URLExt.join(this._settings.baseUrl, 'mlops-jlab/api', path),
      { method, body: body && JSON.stringify(body) },
      this._settings
    );
    const text = await response.text();
    let answer: unknown = {};
    try {
      answer = JSON.parse(text);
    } catch {
      throw new ApiError(
        response.status === 404
          ? 'the server extension of mlops-jlab is not enabled'
          : text.slice(0, 200) || response.statusText,
        'jupyter server extension enable mlops_jlab.server',
        response.status
      );
    }
    if (!response.ok) {
      const { message, hint } = answer as { message?: string; hint?: string };
      throw new ApiError(
        message ?? response.statusText,
        hint ?? '',
        response.status
      );
    }
    return answer as T;
  }
}
