/** What the notebook in front means as a pipeline, and how its newest run stands. */

import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { ISignal, Signal } from '@lumino/signaling';

import { Client } from '../api/client';
import { Graph, Last } from '../api/types';
import { Problem, problemOf } from '../problems';
import { without } from '../records';
import { Checker, Checkers } from './checker';

const NOTHING: Last = {
  run: null,
  steps: [],
  resumable: false,
  failed: false
};
const PAUSE = 150;

/** The model of the section. A hidden section asks for nothing. */
export class PipelineModel {
  constructor(
    private readonly _client: Client,
    private readonly _checkers: Checkers,
    tracker: INotebookTracker
  ) {
    tracker.currentChanged.connect((_, panel) => this._follow(panel));
    this._follow(tracker.currentWidget);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get panel(): NotebookPanel | null {
    return this._checker?.panel ?? null;
  }

  get graph(): Graph | null {
    return this._checker?.graph ?? null;
  }

  get problem(): Problem | null {
    return this._problem ?? this._checker?.problem ?? null;
  }

  /** The newest run of this notebook's pipeline. */
  get last(): Last {
    return this._last;
  }

  /** What happened last, to be told: a run was started, an export was written. */
  get told(): string {
    return this._told;
  }

  /** The values of the form that differ from the defaults, as texts. */
  get parameters(): Readonly<Record<string, string>> {
    return this._parameters;
  }

  setParameter(name: string, text: string | null): void {
    const others = without(this._parameters, name);
    this._parameters = text === null ? others : { ...others, [name]: text };
    this._changed.emit();
  }

  set isVisible(visible: boolean) {
    this._visible = visible;
    if (this._checker !== null) {
      this._checker.isWanted = visible;
    }
    if (visible) {
      this.noteChange();
    }
  }

  /** Runs have changed: the newest run of this notebook may have. */
  noteChange(): void {
    if (this._visible && this._checker !== null && this._asking === 0) {
      this._asking = window.setTimeout(() => {
        this._asking = 0;
        void this._look();
      }, PAUSE);
    }
  }

  /** Asks anew at once. */
  check(): void {
    this._problem = null;
    this._checker?.soon();
  }

  /** Saves the notebook and does something with its file. */
  async withFile(call: (path: string) => Promise<string>): Promise<void> {
    const panel = this.panel;
    if (panel === null) {
      return;
    }
    try {
      await panel.context.save();
      this._told = await call(panel.context.path);
      this._problem = null;
    } catch (error) {
      this._problem = problemOf(error);
    }
    this._changed.emit();
    this.noteChange();
  }

  private _follow(panel: NotebookPanel | null): void {
    this._checker?.changed.disconnect(this._noteGraph, this);
    this._checker = panel && this._checkers.of(panel);
    this._problem = null;
    this._told = '';
    this._last = NOTHING;
    this._parameters = {};
    if (this._checker !== null) {
      this._checker.changed.connect(this._noteGraph, this);
      this._checker.isWanted = this._visible;
    }
    this.noteChange();
    this._changed.emit();
  }

  private _noteGraph(): void {
    this._changed.emit();
  }

  private async _look(): Promise<void> {
    const path = this.panel?.context.path ?? '';
    try {
      const last = await this._client.last(path);
      if (path === this.panel?.context.path) {
        this._last = last;
      }
    } catch {
      this._last = NOTHING; // the list of runs says what is wrong
    }
    this._changed.emit();
  }

  private _checker: Checker | null = null;
  private _problem: Problem | null = null;
  private _told = '';
  private _last = NOTHING;
  private _parameters: Readonly<Record<string, string>> = {};
  private _asking = 0;
  private _visible = false;
  private readonly _changed = new Signal<this, void>(this);
}
