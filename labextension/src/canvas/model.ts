/** The pipeline of one notebook as its canvas shows it: what it means, how its last run went, and how it is edited. */

import { NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { ISignal, Signal } from '@lumino/signaling';

import { Graph, Last, StepState } from '../api/types';
import { Surroundings } from '../pages/surroundings';
import { Checker } from '../pipelines/checker';
import { answerOf } from '../pipelines/model';
import { Problem, problemOf } from '../problems';
import { settingsOf, writeSettings } from '../steps/metadata';
import { retag } from '../steps/retagging';
import { Settings } from '../steps/settings';
import { Soon } from '../soon';
import {
  merged,
  renamed,
  Retagged,
  runAfter,
  runFreely,
  split,
  TaggedCell
} from './editing';

const PAUSE = 500;

/** What happened last: in words, the run that was started, and whether it can be taken back. */
export interface Deed {
  text: string;
  run?: string;
  undo?: () => void;
}

/** The model of the page. */
export class CanvasModel {
  constructor(
    private readonly _around: Surroundings,
    readonly path: string
  ) {
    const { tracker } = _around;
    tracker.widgetAdded.connect(this._follow, this);
    this._follow();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The notebook, if it is open. */
  get panel(): NotebookPanel | null {
    return this._checker?.panel ?? null;
  }

  get graph(): Graph | null {
    return this._checker?.graph ?? null;
  }

  get last(): Last | null {
    return this._last;
  }

  get problem(): Problem | null {
    return this._problem ?? this._checker?.problem ?? null;
  }

  get deed(): Deed {
    return this._deed;
  }

  set isVisible(visible: boolean) {
    this._visible = visible;
    if (this._checker !== null) {
      this._checker.isWanted = visible;
    }
    this.noteChange();
  }

  /** How a step stood in the last run. */
  stateOf(step: string): StepState | undefined {
    return this._last?.steps.find(state => state.name === step);
  }

  /** Runs have changed. */
  noteChange(): void {
    if (this._visible) {
      this._soon.ask();
    }
  }

  /** The cells of the notebook, with their tags. */
  get cells(): TaggedCell[] {
    return (this.panel?.content.widgets ?? []).map(({ model }) => ({
      id: model.id,
      tags: model.getMetadata('tags') as unknown
    }));
  }

  /** The source of a cell. */
  sourceOf(cell: string): string {
    const found = this.panel?.content.widgets.find(
      one => one.model.id === cell
    );
    return found?.model.sharedModel.getSource() ?? '';
  }

  /** The place of a cell in the notebook, from 1. */
  numberOf(cell: string): number {
    return this.cells.findIndex(one => one.id === cell) + 1;
  }

  settingsOf(step: string): Settings {
    return settingsOf(this.panel?.content.model, step);
  }

  writeSettings(step: string, settings: Settings): void {
    writeSettings(this.panel?.content.model, step, settings);
    this._changed.emit();
  }

  runAfter(step: string, other: string): void {
    const { trans } = this._around;
    this._apply(
      runAfter(this.cells, step, other),
      trans.__('%1 runs after %2', step, other)
    );
  }

  runFreely(step: string, other: string): void {
    const { trans } = this._around;
    this._apply(
      runFreely(this.cells, step, other),
      trans.__('%1 need not run after %2', step, other)
    );
  }

  rename(step: string, name: string): void {
    const settings = this.settingsOf(step);
    this._apply(
      renamed(this.cells, step, name),
      this._around.trans.__('%1 is called %2', step, name),
      () => this._moveSettings(name, step, settings)
    );
    this._moveSettings(step, name, settings);
  }

  merge(steps: readonly string[], name: string): void {
    this._apply(
      merged(this.cells, steps, name),
      this._around.trans.__('%1 steps became %2', steps.length, name)
    );
  }

  split(step: string, cell: string, name: string): void {
    this._apply(
      split(this.cells, step, cell, name),
      this._around.trans.__('%1 goes on in %2', step, name)
    );
  }

  /** Takes the last change of the notebook's cells back. */
  undo(): void {
    if (this.panel !== null) {
      NotebookActions.undo(this.panel.content);
      this._tell({ text: this._around.trans.__('Taken back') });
    }
  }

  /** Asks anew, and tells what was found. */
  check(trans: TranslationBundle): void {
    this._answer = trans;
    this._tell({ text: trans.__('Checking…') });
    this._checker?.soon();
  }

  /** Saves the notebook and runs it; with `resume`, goes on from the step that failed. */
  run(resume?: string): Promise<void> {
    return this._do(async path => {
      const how = resume === undefined ? {} : { resume };
      const { run, name } = await this._around.client.execute(path, how);
      return { text: this._around.trans.__('Started %1', name), run };
    });
  }

  /** Saves the notebook and runs it as a run was given it, from a step on. */
  runFrom(before: string, step: string): Promise<void> {
    return this._do(async () => {
      const { run, name } = await this._around.client.again(before, step);
      return { text: this._around.trans.__('Started %1', name), run };
    });
  }

  /** Opens a step, or the one that failed, with its inputs loaded. */
  debug(run: string, step?: string): Promise<void> {
    return this._do(async () => {
      const { path, cell } = await this._around.client.debug(run, step);
      await this._around.openAt(path, cell);
      return { text: this._around.trans.__('Opened %1', path) };
    });
  }

  dispose(): void {
    this._around.tracker.widgetAdded.disconnect(this._follow, this);
    this._checker?.changed.disconnect(this._noteGraph, this);
    this._soon.dispose();
    Signal.clearData(this);
  }

  /** Changes tags as one change of the notebook. */
  private _apply(
    change: Retagged,
    text: string,
    after: () => void = () => undefined
  ): void {
    const notebook = this.panel?.content;
    if (notebook === undefined || change.size === 0) {
      return;
    }
    const cells = notebook.widgets.filter(cell => change.has(cell.model.id));
    retag(notebook, cells, (_, cell) => change.get(cell.model.id) ?? []);
    this._tell({
      text,
      undo: () => {
        this.undo();
        after();
      }
    });
  }

  private _moveSettings(from: string, to: string, settings: Settings): void {
    if (Object.keys(settings).length > 0) {
      this.writeSettings(from, {});
      this.writeSettings(to, settings);
    }
  }

  private async _do(call: (path: string) => Promise<Deed>): Promise<void> {
    try {
      await this.panel?.context.save();
      this._problem = null;
      this._tell(await call(this.path));
    } catch (error) {
      this._problem = problemOf(error);
      this._changed.emit();
    }
    this.noteChange();
  }

  private _tell(deed: Deed): void {
    this._deed = deed;
    this._changed.emit();
  }

  private _follow(): void {
    const panel =
      this._around.tracker.find(one => one.context.path === this.path) ?? null;
    if (panel === null || panel === this.panel) {
      return;
    }
    this._checker = this._around.checkers.of(panel);
    this._checker.changed.connect(this._noteGraph, this);
    this._checker.isWanted = this._visible;
    panel.disposed.connect(() => {
      this._checker = null;
      this._changed.emit();
    });
    this._changed.emit();
  }

  private _noteGraph(): void {
    if (this._answer !== null && this.graph !== null) {
      this._deed = { text: answerOf(this.graph, this._answer) };
      this._answer = null;
    }
    this._changed.emit();
  }

  private async _look(): Promise<void> {
    try {
      this._last = await this._around.client.last(this.path);
    } catch (error) {
      this._problem = problemOf(error);
    }
    this._changed.emit();
  }

  private _checker: Checker | null = null;
  private _last: Last | null = null;
  private _problem: Problem | null = null;
  private _deed: Deed = { text: '' };
  private _answer: TranslationBundle | null = null;
  private _visible = false;
  private readonly _soon = new Soon(() => this._look(), PAUSE);
  private readonly _changed = new Signal<this, void>(this);
}
