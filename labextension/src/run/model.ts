/** One run as its page shows it: asked for anew while it goes on, at most every two seconds, and only when seen. */

import { ISignal, Signal } from '@lumino/signaling';

import { Client } from '../api/client';
import { Graph, Last, Run, RunDetail, Version } from '../api/types';
import { Problem, problemOf } from '../problems';
import { Marked } from '../runs/marked';
import { inShort } from '../runs/short';
import { isOpen } from '../runs/words';
import { Soon } from '../soon';

const PAUSE = 2_000;

/** A version of a model that a run or a step of it has made. */
export interface Made {
  model: string;
  version: Version;
}

/** Whether two runs can be measured by one another: one experiment's, or with a metric in common. Pure. */
export function isLike(
  one: Pick<RunDetail, 'experiment' | 'metrics' | 'children'>,
  other: Pick<RunDetail, 'experiment' | 'metrics' | 'children'>
): boolean {
  const namesOf = ({ metrics, children }: typeof one): string[] => [
    ...Object.keys(metrics),
    ...children.flatMap(child => Object.keys(child.metrics))
  ];
  const own = new Set(namesOf(one));
  return (
    one.experiment === other.experiment ||
    namesOf(other).some(name => own.has(name))
  );
}

/** The model of the page. */
export class RunModel {
  constructor(
    private readonly _client: Client,
    private readonly _marked: Marked,
    readonly id: string
  ) {
    _marked.changed.connect(this._noteBaseline, this);
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** All of the run; nothing before the first answer. */
  get found(): RunDetail | null {
    return this._found;
  }

  /** The run as charts take it; the same object while nothing of it changes. */
  get short(): Run | null {
    return this._short;
  }

  /** The steps of a pipeline's run, with their states. */
  get steps(): Last | null {
    return this._steps;
  }

  /** What the notebook of a pipeline's run meant; nothing where it was not kept. */
  get graph(): Graph | null {
    return this._graph;
  }

  /** The run that this one is measured by; nothing where there is none, or it is this one. */
  get baseline(): Run | null {
    return this._baseline;
  }

  /** The versions of models that the run or a step of it has made. */
  get made(): readonly Made[] {
    return this._made;
  }

  get problem(): Problem | null {
    return this._problem;
  }

  set isVisible(visible: boolean) {
    this._visible = visible;
    if (visible && this._found === null) {
      void this._look();
    } else {
      this.noteChange();
    }
  }

  /** The store has changed; a run that is over stays as it is. */
  noteChange(): void {
    const isOver = this._found !== null && !isOpen(this._found.status);
    if (this._visible && !isOver) {
      this._soon.ask();
    }
  }

  /** Changes the name, the note or the tags. */
  async edit(change: {
    name?: string;
    note?: string;
    tags?: Record<string, string | null>;
  }): Promise<void> {
    await this._do(async () => {
      await this._client.edit(this.id, change);
      await this._look();
    });
  }

  /** Runs the pipeline of the run once more, whole or from a step on, and opens the new run. */
  runAgain(
    open: (run: { id: string; name: string }) => void,
    step?: string
  ): Promise<void> {
    return this._do(async () => {
      const { run, name } = await this._client.again(this._pipeline, step);
      open({ id: run, name });
    });
  }

  /** Whether what was finished can be kept, and the run go on from the step that failed. */
  get canResume(): boolean {
    return this._steps?.resumable ?? false;
  }

  /** Goes on from the step that failed, and opens that run. */
  resume(open: (run: { id: string; name: string }) => void): Promise<void> {
    return this._do(async () => {
      const { run, name } = await this._client.resume(this.id);
      open({ id: run, name });
    });
  }

  /** Opens a notebook of a step of the run, with its inputs loaded. */
  openKernel(
    openAt: (path: string, cell: string) => Promise<void>,
    step: string
  ): Promise<void> {
    return this._do(async () => {
      const { path, cell } = await this._client.debug(this._pipeline, step);
      await openAt(path, cell);
    });
  }

  dispose(): void {
    this._soon.dispose();
    Signal.clearData(this);
  }

  /** The run of the pipeline: this one, or the one above that of a step. */
  private get _pipeline(): string {
    return this._found?.kind === 'step' ? this._found.parent : this.id;
  }

  private async _do(call: () => Promise<void>): Promise<void> {
    try {
      this._problem = null;
      await call();
    } catch (error) {
      this._problem = problemOf(error);
    }
    this._changed.emit();
  }

  private async _look(): Promise<void> {
    const isFirst = this._found === null;
    try {
      const found = await this._client.run(this.id);
      this._found = found;
      this._problem = null;
      const short = inShort(found);
      if (
        JSON.stringify(short.metrics) !== JSON.stringify(this._short?.metrics)
      ) {
        this._short = short;
      }
      this._changed.emit();
      if (found.kind === 'pipeline') {
        this._steps = await this._client.pipelineRun(this.id);
      }
      if (isFirst) {
        await this._lookAround(found);
      }
      if (isFirst || !isOpen(found.status)) {
        await this._lookForModels(found);
      }
    } catch (error) {
      this._problem = problemOf(error);
    }
    this._changed.emit();
  }

  /** What never changes, or is nobody's fault when it is missing. */
  private async _lookAround(found: RunDetail): Promise<void> {
    if (found.kind === 'pipeline') {
      this._graph = await this._client.graph(this.id).catch(() => null);
    }
    await this._lookForBaseline();
  }

  private async _lookForModels(found: RunDetail): Promise<void> {
    const own = new Set([found.id, ...found.children.map(child => child.id)]);
    const { models } = await this._client.models();
    this._made = models.flatMap(({ name, versions }) =>
      versions
        .filter(version => own.has(version.run))
        .map(version => ({ model: name, version }))
    );
  }

  private async _lookForBaseline(): Promise<void> {
    const { baseline } = this._marked;
    this._baseline =
      baseline === '' || baseline === this.id
        ? null
        : await this._client.run(baseline).then(
            run =>
              this._found && isLike(run, this._found) ? inShort(run) : null,
            () => null
          );
  }

  private _noteBaseline(): void {
    if (this._found === null) {
      return; // it is looked for with the run
    }
    void this._lookForBaseline().then(() => this._changed.emit());
  }

  private _found: RunDetail | null = null;
  private _short: Run | null = null;
  private _steps: Last | null = null;
  private _graph: Graph | null = null;
  private _baseline: Run | null = null;
  private _made: readonly Made[] = [];
  private _problem: Problem | null = null;
  private _visible = false;
  private readonly _soon = new Soon(() => this._look(), PAUSE);
  private readonly _changed = new Signal<this, void>(this);
}
