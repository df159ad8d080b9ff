/** What every page needs of its surroundings. */

import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { Contents } from '@jupyterlab/services';
import { IStateDB } from '@jupyterlab/statedb';
import { TranslationBundle } from '@jupyterlab/translation';
import { ISignal } from '@lumino/signaling';

import { Client } from '../api/client';
import { Run } from '../api/types';
import type { Address } from './page';
import type { Checkers } from '../pipelines/checker';
import { Marked } from '../runs/marked';

/** The door to the server, what runs are marked with, and what can be opened and done. */
export interface Surroundings {
  client: Client;
  marked: Marked;
  state: IStateDB | null;
  /** The notebooks that are open, and what they mean. */
  tracker: INotebookTracker;
  checkers: Checkers;
  /** The files below the server's root. */
  contents: Contents.IManager;
  rendermime: IRenderMimeRegistry | null;
  /** The store has changed. */
  changes: ISignal<unknown, void>;
  openTable(): void;
  /** Opens a run; with `itself`, its own page also where it is a sweep. */
  open(run: Pick<Run, 'id' | 'name'>, itself?: boolean): void;
  /** Opens a notebook at a cell. */
  openAt(path: string, cell: string): Promise<void>;
  compare(ids: readonly string[]): void;
  openModel(name: string, version?: number, compare?: boolean): void;
  openSchedule(name: string): void;
  /** Opens the pipeline that a file with several notebooks makes. */
  openTogether(path: string): void;
  /** Opens the page of a new schedule of a notebook that is due when a model drifts. */
  openDriftSchedule(path: string, model: string): void;
  openMonitoring(name: string): void;
  /** Opens registered data; without a name, the list of all. */
  openData(name: string, version?: number): void;
  openSweep(id: string, name: string): void;
  /** Opens the page of a new sweep of a notebook. */
  openNewSweep(path: string): void;
  /** Opens a notebook and writes values into its parameters cell; it is not saved. */
  setDefaults(
    path: string,
    values: Readonly<Record<string, string>>
  ): Promise<void>;
  /** Opens a file of the server's, such as a notebook. */
  openFile(path: string): void;
  /** Types a command into a terminal that it opens, and starts it; nothing where terminals are not allowed. */
  inTerminal: ((command: string) => Promise<void>) | null;
  /** Puts the link to a page into the clipboard. */
  copyLink(address: Address): void;
  /** Executes a command of this extension on a run. */
  execute(what: 'notebook' | 'report' | 'reproduce', id: string): void;
  trans: TranslationBundle;
}
