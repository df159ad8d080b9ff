/** The door to the server: one function a route. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import {
  Comparison,
  Course,
  Graph,
  Last,
  Models,
  Moved,
  Opened,
  Page,
  Promotion,
  Rollback,
  Run,
  RunDetail,
  Schedules,
  ScheduleWish,
  SweepWish,
  TagChange,
  VersionComparison
} from './types';

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

/** The routes of the server extension. */
export class Client {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  runs(query: {
    filter: string;
    order: readonly string[];
    after: string;
    limit: number;
    top: boolean;
  }): Promise<Page> {
    const { order, ...others } = query;
    const words = new URLSearchParams(toTexts(others));
    order.forEach(field => words.append('order', field));
    return this._ask(`runs?${words.toString()}`);
  }

  compare(ids: readonly string[]): Promise<Comparison> {
    const query = ids.map(id => `id=${encodeURIComponent(id)}`).join('&');
    return this._ask(`compare?${query}`);
  }

  run(id: string): Promise<RunDetail> {
    return this._ask(`runs/${id}`);
  }

  /** The address of a file of a run; images may be shown, all else is a download. */
  fileUrl(id: string, path: string): string {
    const parts = path.split('/').map(encodeURIComponent).join('/');
    return URLExt.join(
      this._settings.baseUrl,
      'mlops-jlab/api',
      `runs/${id}/artifacts/${parts}`
    );
  }

  history(id: string, metric: string, points: number): Promise<Course> {
    const query = new URLSearchParams({ metric, points: String(points) });
    return this._ask(`runs/${id}/history?${query.toString()}`);
  }

  edit(
    id: string,
    change: { note?: string; tags?: Record<string, string | null> }
  ): Promise<Run> {
    return this._ask(`runs/${id}`, 'PATCH', change);
  }

  delete(ids: readonly string[]): Promise<{ ids: string[] }> {
    return this._ask('runs/delete', 'POST', { ids });
  }

  restore(ids: readonly string[]): Promise<{ ids: string[] }> {
    return this._ask('runs/restore', 'POST', { ids });
  }

  /** The code that a run executed, cell by cell. */
  code(id: string): Promise<{ cells: string[] }> {
    return this._ask(`runs/${id}/code`);
  }

  /** A text file of a run. */
  async text(id: string, path: string): Promise<string> {
    const response = await ServerConnection.makeRequest(
      this.fileUrl(id, path),
      {},
      this._settings
    );
    return response.text();
  }

  /** Runs it again in a folder of its own; answers with the file that tells how it goes. */
  reproduce(id: string): Promise<{ path: string }> {
    return this._ask(`runs/${id}/reproduce`, 'POST', {});
  }

  /** Writes the notebook of a run as it was; answers with its path. */
  notebook(id: string): Promise<{ path: string }> {
    return this._ask(`runs/${id}/notebook`, 'POST', {});
  }

  /** Names that begin so, to complete a filter with. */
  names(prefix: string): Promise<{ names: string[] }> {
    return this._ask(`names?${new URLSearchParams({ prefix }).toString()}`);
  }

  /** Puts the example notebook where the file browser shows it. */
  example(): Promise<{ path: string }> {
    return this._ask('example', 'POST', {});
  }

  suggest(content: unknown, source: string): Promise<{ cells: TagChange[] }> {
    return this._ask('pipelines/suggest', 'POST', { content, source });
  }

  /** The newest run of a notebook's pipeline. */
  last(path: string): Promise<Last> {
    return this._ask(
      `pipelines/last?${new URLSearchParams({ path }).toString()}`
    );
  }

  /** What a step has printed; without a step, what the run itself said. */
  log(id: string, step: string): Promise<{ text: string }> {
    const query = new URLSearchParams({ step });
    return this._ask(`pipelines/${id}/log?${query.toString()}`);
  }

  check(path: string, content: unknown): Promise<Graph> {
    return this._ask('pipelines/check', 'POST', { path, content });
  }

  /** Starts a pipeline, or goes on with a run of it. */
  execute(
    path: string,
    how: { parameters?: Record<string, unknown>; resume?: string } = {}
  ): Promise<{ folder: string; pipeline: string }> {
    return this._ask('pipelines/run', 'POST', { path, ...how });
  }

  /** Starts a sweep of a pipeline. */
  sweep(
    path: string,
    wish: SweepWish
  ): Promise<{ folder: string; pipeline: string }> {
    return this._ask('pipelines/sweep', 'POST', { path, ...wish });
  }

  export(path: string): Promise<{ folder: string }> {
    return this._ask('pipelines/export', 'POST', { path });
  }

  cancel(id: string): Promise<object> {
    return this._ask(`pipelines/${id}/cancel`, 'POST', {});
  }

  /** Writes the step that failed as a notebook with its inputs loaded. */
  debug(id: string): Promise<Opened> {
    return this._ask(`pipelines/${id}/debug`, 'POST', {});
  }

  models(): Promise<Models> {
    return this._ask('models');
  }

  promote(wish: Promotion): Promise<Moved> {
    return this._ask('models/promote', 'POST', wish);
  }

  rollBack(wish: Rollback): Promise<Moved> {
    return this._ask('models/rollback', 'POST', wish);
  }

  /** The model card of a version, as Markdown. */
  card(address: string): Promise<{ text: string }> {
    const query = new URLSearchParams({ address });
    return this._ask(`models/card?${query.toString()}`);
  }

  compareVersions(addresses: readonly string[]): Promise<VersionComparison> {
    const query = new URLSearchParams(
      addresses.map(address => ['address', address])
    );
    return this._ask(`models/compare?${query.toString()}`);
  }

  schedules(): Promise<Schedules> {
    return this._ask('schedules');
  }

  schedule(wish: ScheduleWish): Promise<{ name: string }> {
    return this._ask('schedules', 'POST', wish);
  }

  /** Pauses, resumes, removes a schedule, or runs it now. */
  changeSchedule(
    what: 'pause' | 'resume' | 'remove' | 'run',
    name: string
  ): Promise<{ name: string }> {
    return this._ask(`schedules/${what}`, 'POST', { name });
  }

  private async _ask<T>(
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

function toTexts(query: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query)
      .filter(([, value]) => value !== '')
      .map(([key, value]) => [key, String(value)])
  );
}
