/** A pipeline of several notebooks as its page shows it: what it means, how its last run went, and its file. */

import { PathExt } from '@jupyterlab/coreutils';
import { Contents } from '@jupyterlab/services';
import { ISignal, Signal } from '@lumino/signaling';

import { Graph, Last, StepState } from '../api/types';
import { Surroundings } from '../pages/surroundings';
import { answerOf } from '../pipelines/model';
import { Problem, problemOf } from '../problems';
import { isOpen } from '../runs/words';
import { Soon } from '../soon';
import {
  linesOf,
  Taken,
  takenIn,
  withNotebook,
  withTakes,
  wordsOf
} from './file';

const PAUSE = 500;

/** One of the notebooks. */
export type Member = NonNullable<Graph['notebooks']>[number];

/** What was done last, in words, and the run that was started. */
export interface Deed {
  text: string;
  run?: string;
}

/** The model of the page. */
export class TogetherModel {
  constructor(
    private readonly _around: Surroundings,
    readonly path: string
  ) {
    _around.contents.fileChanged.connect(this._noteFile, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get graph(): Graph | null {
    return this._graph;
  }

  get members(): readonly Member[] {
    return this._graph?.notebooks ?? [];
  }

  get last(): Last | null {
    return this._last;
  }

  get problem(): Problem | null {
    return this._problem;
  }

  get deed(): Deed {
    return this._deed;
  }

  /** Values that the next run gets instead of the declared ones, by parameter. */
  get values(): Readonly<Record<string, string>> {
    return this._values;
  }

  setValue(name: string, text: string | null): void {
    const others = Object.entries(this._values).filter(([key]) => key !== name);
    this._values = Object.fromEntries(
      text === null ? others : [...others, [name, text]]
    );
    this._changed.emit();
  }

  set isVisible(visible: boolean) {
    this._visible = visible;
    this.noteChange();
    if (visible && this._graph === null) {
      void this.check(false);
    }
  }

  /** Runs have changed. */
  noteChange(): void {
    if (this._visible) {
      this._soon.ask();
    }
  }

  /** How a step stood in the last run. */
  stateOf(step: string): StepState | undefined {
    return this._last?.steps.find(state => state.name === step);
  }

  /** The notebook that a step is in. */
  memberOf(step: string): Member | undefined {
    return this.members.find(({ name }) => step.startsWith(`${name}.`));
  }

  /** Asks what the notebooks mean, as they are saved; `isAsked`: and tells what was found. */
  async check(isAsked: boolean): Promise<void> {
    const { client, trans } = this._around;
    if (isAsked) {
      await this._saveAll();
    }
    try {
      this._graph = await client.check(this.path);
      this._problem = null;
      if (isAsked) {
        this._deed = { text: answerOf(this._graph, trans) };
      }
    } catch (error) {
      this._problem = problemOf(error);
    }
    this._changed.emit();
  }

  /** Saves the notebooks that are open and runs all; with `resume`, goes on where a run stopped. */
  run(resume?: string): Promise<void> {
    return this._do(async () => {
      await this._saveAll();
      const how =
        resume === undefined ? { parameters: this._values } : { resume };
      const { run, name } = await this._around.client.execute(this.path, how);
      return { text: this._around.trans.__('Started %1', name), run };
    });
  }

  /** Asks the run to stop. */
  cancel(run: string): Promise<void> {
    return this._do(async () => {
      await this._around.client.cancel(run);
      return { text: this._around.trans.__('Stopping…') };
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

  /** Adds notebooks to the file, those that are in it already left out. */
  add(notebooks: readonly string[]): Promise<void> {
    const known = new Set(this.members.map(({ notebook }) => notebook));
    const fresh = notebooks.filter(
      path => PathExt.extname(path) === '.ipynb' && !known.has(path)
    );
    return this._write(
      text =>
        fresh.reduce((now, path) => withNotebook(now, this.path, path), text),
      fresh.length === 0
        ? this._around.trans.__('No notebook to add')
        : this._around.trans.__('Added %1', fresh.map(nameIn).join(', '))
    );
  }

  /** A notebook takes one more value from another. */
  take(member: Member, value: Taken): Promise<void> {
    return this._write(
      text =>
        withTakes(
          text,
          member.name,
          linesOf([...takenIn(member.takes), value])
        ),
      this._around.trans.__('%1 takes %2', member.name, wordsOf(value))
    );
  }

  /** A notebook takes a value no longer. */
  leave(member: Member, value: Taken): Promise<void> {
    const others = takenIn(member.takes).filter(
      ({ here }) => here !== value.here
    );
    return this._write(
      text => withTakes(text, member.name, linesOf(others)),
      this._around.trans.__(
        '%1 takes %2 no longer',
        member.name,
        wordsOf(value)
      )
    );
  }

  dispose(): void {
    this._around.contents.fileChanged.disconnect(this._noteFile, this);
    this._soon.dispose();
    Signal.clearData(this);
  }

  private _write(
    change: (text: string) => string,
    text: string
  ): Promise<void> {
    const { contents } = this._around;
    return this._do(async () => {
      const file = await contents.get(this.path, {
        type: 'file',
        format: 'text',
        content: true
      });
      const before = String(file.content);
      const now = change(before);
      if (now !== before) {
        await contents.save(this.path, {
          type: 'file',
          format: 'text',
          content: now
        });
      }
      return { text };
    });
  }

  /** The notebooks that are open and not saved are saved: what is checked and run are files. */
  private async _saveAll(): Promise<void> {
    const paths = new Set(this.members.map(({ notebook }) => notebook));
    const open = this._around.tracker.filter(
      ({ context }) => paths.has(context.path) && context.model.dirty
    );
    await Promise.all(open.map(({ context }) => context.save()));
  }

  private async _do(call: () => Promise<Deed>): Promise<void> {
    try {
      this._deed = await call();
      this._problem = null;
    } catch (error) {
      this._problem = problemOf(error);
    }
    this._changed.emit();
    this.noteChange();
  }

  private _noteFile(_: unknown, change: Contents.IChangedArgs): void {
    const path = change.newValue?.path ?? change.oldValue?.path ?? '';
    const ours = [this.path, ...this.members.map(({ notebook }) => notebook)];
    if (ours.includes(path)) {
      void this.check(false);
    }
  }

  private async _look(): Promise<void> {
    try {
      this._last = await this._around.client.last(this.path);
      const { run } = this._last;
      if (run !== null && run.id === this._deed.run && !isOpen(run.status)) {
        this._deed = { text: '' }; // how it ended stands beside the graph
      }
    } catch (error) {
      this._problem = problemOf(error);
    }
    this._changed.emit();
  }

  private _graph: Graph | null = null;
  private _last: Last | null = null;
  private _problem: Problem | null = null;
  private _deed: Deed = { text: '' };
  private _values: Readonly<Record<string, string>> = {};
  private _visible = false;
  private readonly _soon = new Soon(() => this._look(), PAUSE);
  private readonly _changed = new Signal<this, void>(this);
}

function nameIn(path: string): string {
  return PathExt.basename(path);
}
