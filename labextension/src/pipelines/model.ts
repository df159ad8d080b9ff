/** What the notebook in front means as a pipeline, and how its run stands. */

import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';

import { Client } from '../api/client';
import { Graph, Last } from '../api/types';
import { Problem, problemOf } from '../problems';
import { without } from '../records';
import { hasFailed, isOpen } from '../runs/words';
import { Soon } from '../soon';
import { Checker, Checkers } from './checker';
import { ShownRun } from './shown';

const NOTHING: Last = {
  run: null,
  steps: [],
  resumable: false,
  failed: false
};

/** Something to be told; `run` is the one that it is about, if it is about one. */
export interface Told {
  text: string;
  run?: string;
}

/** What a check has found, in one line. Pure. */
export function answerOf(
  { steps, findings }: Pick<Graph, 'steps' | 'findings'>,
  trans: TranslationBundle
): string {
  const count = (severity: string): number =>
    findings.filter(found => found.severity === severity).length;
  const parts = [trans._n('%1 step', '%1 steps', steps.length)];
  const errors = count('error');
  const hazards = count('hazard');
  if (errors > 0) {
    parts.push(trans._n('%1 error', '%1 errors', errors));
  }
  if (hazards > 0) {
    parts.push(trans._n('%1 hazard', '%1 hazards', hazards));
  }
  if (errors + hazards === 0) {
    parts.push(trans.__('nothing wrong'));
  }
  return parts.join(', ');
}

/** The model of the section. A hidden section asks for nothing. */
export class PipelineModel {
  constructor(
    client: Client,
    private readonly _checkers: Checkers,
    tracker: INotebookTracker
  ) {
    this._shown = new ShownRun(client);
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

  /** The run that was started here, else the newest of this notebook's pipeline. */
  get last(): Last {
    return this._last;
  }

  /** What happened last, to be told: a run was started, an export was written. */
  get told(): Told {
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

  /** A run of a notebook was started: it is the one to show. */
  follow(path: string, run: string): void {
    this._shown.follow(path, run);
  }

  /** Runs have changed: the run of this notebook may have. */
  noteChange(): void {
    if (this._visible && this._checker !== null) {
      this._soon.ask();
    }
  }

  /** Asks anew, and tells what was found. */
  check(trans: TranslationBundle): void {
    this._problem = null;
    this._told = { text: trans.__('Checking…') };
    this._answer = trans;
    this._changed.emit();
    this._checker?.soon();
  }

  /** A run of the notebook in front that was seen going on has failed. */
  get failed(): ISignal<this, Last> {
    return this._failed;
  }

  /** Saves the notebook and does something with its file. */
  async withFile(call: (path: string) => Promise<Told>): Promise<void> {
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
    this._told = { text: '' };
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
    if (this._answer !== null && this.graph !== null) {
      this._told = { text: answerOf(this.graph, this._answer) };
      this._answer = null;
    }
    this._changed.emit();
  }

  private async _look(): Promise<void> {
    const path = this.panel?.context.path ?? '';
    try {
      const last = await this._shown.of(path);
      if (path === this.panel?.context.path) {
        this._noteFailure(last);
        this._last = last;
        const { run } = last;
        if (run !== null && run.id === this._told.run && !isOpen(run.status)) {
          this._told = { text: '' }; // how it ended stands below the graph
        }
      }
    } catch (error) {
      this._last = NOTHING;
      this._problem = problemOf(error);
    }
    this._changed.emit();
  }

  private _noteFailure(last: Last): void {
    const before = this._last.run;
    const wasOpen = before !== null && isOpen(before.status);
    if (wasOpen && last.run?.id === before.id && hasFailed(last.run.status)) {
      this._failed.emit(last);
    }
  }

  private _checker: Checker | null = null;
  private _problem: Problem | null = null;
  private _told: Told = { text: '' };
  private _last = NOTHING;
  private _parameters: Readonly<Record<string, string>> = {};
  private readonly _soon = new Soon(() => this._look());
  private _visible = false;
  private _answer: TranslationBundle | null = null;
  private readonly _shown: ShownRun;
  private readonly _failed = new Signal<this, Last>(this);
  private readonly _changed = new Signal<this, void>(this);
}
