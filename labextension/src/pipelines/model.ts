/** What the notebook in front means as a pipeline, asked anew a moment after it has changed. */

import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ISignal, Signal } from '@lumino/signaling';

import { Client } from '../api/client';
import { Graph, Status } from '../api/types';
import { Problem, problemOf } from '../runs/model';

const PAUSE = 400;

/** The model of the section. A hidden section asks for nothing. */
export class PipelineModel {
  constructor(
    private readonly _client: Client,
    tracker: INotebookTracker
  ) {
    tracker.currentChanged.connect((_, panel) => this._follow(panel));
    this._follow(tracker.currentWidget);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get panel(): NotebookPanel | null {
    return this._panel;
  }

  get graph(): Graph | null {
    return this._graph;
  }

  get problem(): Problem | null {
    return this._problem;
  }

  /** The states of the steps in the newest run of this notebook. */
  get states(): Readonly<Record<string, Status>> {
    return this._states;
  }

  /** Runs have changed: the newest run of this notebook may have. */
  noteChange(): void {
    if (this._visible && this._panel !== null && this._asking === 0) {
      this._asking = window.setTimeout(() => {
        this._asking = 0;
        void this._look();
      }, 250);
    }
  }

  /** What happened last, to be told: a run was started, an export was written. */
  get told(): string {
    return this._told;
  }

  set isVisible(visible: boolean) {
    this._visible = visible;
    if (visible) {
      this._soon();
      this.noteChange();
    }
  }

  /** Saves the notebook and does something with its file. */
  async withFile(call: (path: string) => Promise<string>): Promise<void> {
    if (this._panel === null) {
      return;
    }
    try {
      await this._panel.context.save();
      this._told = await call(this._panel.context.path);
      this._problem = null;
    } catch (error) {
      this._problem = problemOf(error);
    }
    this._changed.emit();
  }

  private _follow(panel: NotebookPanel | null): void {
    this._panel?.context.model.contentChanged.disconnect(this._soon, this);
    this._panel = panel;
    this._graph = null;
    this._told = '';
    this._states = {};
    panel?.context.model.contentChanged.connect(this._soon, this);
    this.noteChange();
    this._changed.emit();
    this._soon();
  }

  private _soon(): void {
    window.clearTimeout(this._timer);
    if (this._visible) {
      this._timer = window.setTimeout(() => void this._check(), PAUSE);
    }
  }

  private async _look(): Promise<void> {
    const path = this._panel?.context.path ?? '';
    const name = path.replace(/["\\]/g, '');
    try {
      const { runs } = await this._client.runs({
        filter: `kind = "pipeline" and source like "%${name}"`,
        order: '',
        after: '',
        limit: 1,
        top: true
      });
      const [newest] = runs;
      const found = newest ? await this._client.run(newest.id) : null;
      this._states = Object.fromEntries(
        (found?.children ?? []).map(child => [child.name, child.status])
      );
    } catch {
      this._states = {}; // the list of runs says what is wrong
    }
    this._changed.emit();
  }

  private async _check(): Promise<void> {
    const panel = this._panel;
    if (panel === null || panel.isDisposed) {
      return;
    }
    await panel.context.ready;
    const question = ++this._question;
    const content = withoutOutputs(panel.context.model.toJSON());
    try {
      const graph = await this._client.check(panel.context.path, content);
      if (question === this._question) {
        this._graph = graph;
        this._problem = null;
      }
    } catch (error) {
      this._problem = problemOf(error);
    }
    this._changed.emit();
  }

  private _panel: NotebookPanel | null = null;
  private _graph: Graph | null = null;
  private _problem: Problem | null = null;
  private _told = '';
  private _states: Readonly<Record<string, Status>> = {};
  private _asking = 0;
  private _visible = false;
  private _timer = 0;
  private _question = 0;
  private readonly _changed = new Signal<this, void>(this);
}

/** The notebook as the analysis needs it: outputs may be large and mean nothing to it. */
export function withoutOutputs(notebook: unknown): unknown {
  const node = notebook as { cells?: { outputs?: unknown[] }[] };
  return {
    ...node,
    cells: node.cells?.map(cell =>
      cell.outputs === undefined ? cell : { ...cell, outputs: [] }
    )
  };
}
