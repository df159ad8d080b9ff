/** Which run of a notebook is shown: the one that was started here, by its id; else the newest. */

import { Client } from '../api/client';
import { Last } from '../api/types';

/** Remembers what was started for which notebook. */
export class ShownRun {
  constructor(private readonly _client: Pick<Client, 'last' | 'pipelineRun'>) {}

  /** A run of a notebook was started here. */
  follow(path: string, run: string): void {
    this._started.set(path, run);
  }

  /** The run to show. One that begins after ours is over takes its place; one beside it does not. */
  async of(path: string): Promise<Last> {
    const ours = await this._ours(path);
    const ended = ours?.run?.ended ?? null;
    if (ours !== null && ended === null) {
      return ours;
    }
    const newest = await this._client.last(path);
    const later = newest.run !== null && newest.run.started > (ended ?? 0);
    return ours === null || later ? newest : ours;
  }

  private async _ours(path: string): Promise<Last | null> {
    const id = this._started.get(path);
    if (id === undefined) {
      return null;
    }
    const found = await this._client.pipelineRun(id).catch(() => null);
    return found?.run?.deleted === false ? found : null;
  }

  private readonly _started = new Map<string, string>();
}
