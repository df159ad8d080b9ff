/** The door to the server: one function a route. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { Asking } from './asking';
import { DataRoutes } from './data';
import {
  ApprovalWish,
  Description,
  Comparison,
  Course,
  Courses,
  Graph,
  Importance,
  Last,
  Lineage,
  Log,
  ModelHistory,
  NewestEvaluation,
  Models,
  Moved,
  Opened,
  Page,
  Promotion,
  Rollback,
  Run,
  RunDetail,
  Samples,
  ScheduleDetail,
  ScheduleDraft,
  ScheduleEdit,
  SchedulePreview,
  Schedules,
  ScheduleWish,
  Sources,
  Started,
  Sweep,
  SweepDraft,
  SweepPreview,
  SweepWish,
  TagChange,
  VersionComparison,
  Waiting,
  Weeks
} from './types';

/** The routes of the server extension. */
export class Client extends Asking {
  constructor(settings: ServerConnection.ISettings) {
    super(settings);
    this.data = new DataRoutes(settings);
  }

  /** The routes of data and of watched models. */
  readonly data: DataRoutes;

  /** The address of the server. */
  get root(): string {
    return this._settings.baseUrl;
  }

  runs(query: {
    filter: string;
    search?: string;
    order: readonly string[];
    after: string;
    limit: number;
    top: boolean;
  }): Promise<Page> {
    const { order, ...others } = query;
    return this._find('runs', [
      ...Object.entries(toTexts(others)),
      ...order.map(field => ['order', field])
    ]);
  }

  compare(ids: readonly string[]): Promise<Comparison> {
    const query = ids.map(id => `id=${encodeURIComponent(id)}`).join('&');
    return this._ask(`compare?${query}`);
  }

  run(id: string): Promise<RunDetail> {
    return this._ask(`runs/${id}`);
  }

  /** What the processes of a run and of its steps took of the machine. */
  samples(id: string): Promise<Samples> {
    return this._ask(`runs/${id}/samples`);
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
    return this._find(`runs/${id}/history`, {
      metric,
      points: String(points)
    });
  }

  /** The courses of some metrics in some runs; runs without a metric are left out. */
  histories(
    ids: readonly string[],
    metrics: readonly string[],
    points: number
  ): Promise<Courses> {
    return this._find('histories', [
      ['points', String(points)],
      ...metrics.map(metric => ['metric', metric]),
      ...ids.map(id => ['id', id])
    ]);
  }

  edit(
    id: string,
    change: {
      name?: string;
      note?: string;
      tags?: Record<string, string | null>;
    }
  ): Promise<Run> {
    return this._ask(`runs/${id}`, 'PATCH', change);
  }

  delete(ids: readonly string[]): Promise<{ ids: string[] }> {
    return this._ask('runs/delete', 'POST', { ids });
  }

  restore(ids: readonly string[]): Promise<{ ids: string[] }> {
    return this._ask('runs/restore', 'POST', { ids });
  }

  /** What a run came of, and what came of it. */
  lineage(id: string): Promise<Lineage> {
    return this._ask(`runs/${id}/lineage`);
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

  /** Names that begin so, to complete a filter with; `limit` is the most. */
  names(prefix: string, limit = 50): Promise<{ names: string[] }> {
    return this._find('names', { prefix, limit: String(limit) });
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
    return this._find('pipelines/last', { path });
  }

  /** One run of a pipeline. */
  pipelineRun(id: string): Promise<Last> {
    return this._ask(`pipelines/${id}`);
  }

  /** What the notebook of a run meant when it began. */
  graph(id: string): Promise<Graph> {
    return this._ask(`pipelines/${id}/graph`);
  }

  /** What a step has printed; without a step, what the run itself said. */
  log(id: string, step: string): Promise<Log> {
    return this._find(`pipelines/${id}/log`, { step });
  }

  /** What a notebook means; without its content, as it is in the file. */
  check(path: string, content?: unknown): Promise<Graph> {
    return this._ask('pipelines/check', 'POST', { path, content });
  }

  /** Starts a pipeline, or goes on with a run of it; answers with the new run, which is in the table at once. */
  execute(
    path: string,
    how: { parameters?: Record<string, unknown>; resume?: string } = {}
  ): Promise<Started> {
    return this._ask('pipelines/run', 'POST', { path, ...how });
  }

  /** Starts a sweep of a pipeline. */
  sweep(path: string, wish: SweepWish): Promise<Started> {
    return this._ask('pipelines/sweep', 'POST', { path, ...wish });
  }

  /** How many trials a sweep would have, and about how long each takes. */
  previewSweep(wish: SweepDraft): Promise<SweepPreview> {
    return this._ask('sweeps/preview', 'POST', wish);
  }

  /** What a sweep varies, its trials, and the best of them. */
  sweepOf(id: string): Promise<Sweep> {
    return this._ask(`sweeps/${id}`);
  }

  /** How much of a metric's variation each parameter of a sweep explains. */
  importanceIn(id: string, metric: string): Promise<Importance> {
    return this._find(`sweeps/${id}/importance`, { metric });
  }

  /** The parameters cell of a notebook with other values. */
  defaults(
    content: unknown,
    values: Readonly<Record<string, string>>
  ): Promise<Sources> {
    return this._ask('pipelines/defaults', 'POST', { content, values });
  }

  export(path: string): Promise<{ folder: string }> {
    return this._ask('pipelines/export', 'POST', { path });
  }

  cancel(id: string): Promise<object> {
    return this._ask(`pipelines/${id}/cancel`, 'POST', {});
  }

  /** Writes a step, or the one that failed, as a notebook with its inputs loaded. */
  debug(id: string, step?: string): Promise<Opened> {
    return this._ask(`pipelines/${id}/debug`, 'POST', step ? { step } : {});
  }

  /** Goes on with a run of a pipeline that failed. */
  resume(id: string): Promise<Started> {
    return this._ask(`pipelines/${id}/again`, 'POST', { resume: true });
  }

  /** Runs a pipeline again with the parameters of a run: whole, or from a step on. */
  again(id: string, step?: string): Promise<Started> {
    return this._ask(`pipelines/${id}/again`, 'POST', step ? { step } : {});
  }

  models(): Promise<Models> {
    return this._ask('models');
  }

  /** One model with all of its versions, and the moves of its aliases. */
  modelHistory(name: string): Promise<ModelHistory> {
    return this._find('models/history', { name });
  }

  /** The newest evaluation of the version at an address such as `flights/3`. */
  evaluation(address: string): Promise<NewestEvaluation> {
    return this._find('models/evaluation', { address });
  }

  promote(wish: Promotion): Promise<Moved> {
    return this._ask('models/promote', 'POST', wish);
  }

  approve(wish: ApprovalWish): Promise<{ waits: Waiting | null }> {
    return this._ask('models/approve', 'POST', wish);
  }

  /** What people say of a version: what it is for, what not. */
  describe(wish: Description): Promise<Omit<Description, 'model' | 'version'>> {
    return this._ask('models/describe', 'POST', wish);
  }

  rollBack(wish: Rollback): Promise<Moved> {
    return this._ask('models/rollback', 'POST', wish);
  }

  /** The model card of a version, as Markdown. */
  card(address: string): Promise<{ text: string }> {
    return this._find('models/card', { address });
  }

  compareVersions(addresses: readonly string[]): Promise<VersionComparison> {
    return this._find(
      'models/compare',
      addresses.map(address => ['address', address])
    );
  }

  schedules(): Promise<Schedules> {
    return this._ask('schedules');
  }

  schedule(wish: ScheduleWish): Promise<{ name: string }> {
    return this._ask('schedules', 'POST', wish);
  }

  /** All of one schedule, with its history. */
  scheduleOf(name: string): Promise<ScheduleDetail> {
    return this._find('schedules/detail', { name });
  }

  /** When each schedule is due in the next seven days. */
  weeks(): Promise<Weeks> {
    return this._ask('schedules/week');
  }

  /** What a schedule would be; nothing is kept. */
  previewSchedule(wish: ScheduleDraft): Promise<SchedulePreview> {
    return this._ask('schedules/preview', 'POST', wish);
  }

  editSchedule(wish: ScheduleEdit): Promise<{ name: string }> {
    return this._ask('schedules/edit', 'POST', wish);
  }

  /** Pauses, resumes, removes a schedule, or runs it now. */
  changeSchedule(
    what: 'pause' | 'resume' | 'remove' | 'run',
    name: string
  ): Promise<{ name: string }> {
    return this._ask(`schedules/${what}`, 'POST', { name });
  }
}

function toTexts(query: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(query)
      .filter(([, value]) => value !== '')
      .map(([key, value]) => [key, String(value)])
  );
}
