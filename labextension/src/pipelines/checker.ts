/** Asks the server what an open notebook means, a moment after each change, one question at a time. */

import { NotebookPanel } from '@jupyterlab/notebook';
import { IDisposable } from '@lumino/disposable';
import { Debouncer } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { Client } from '../api/client';
import { Graph } from '../api/types';
import { Problem, problemOf } from '../problems';
import { wordsOf } from '../steps/tagging';

const PAUSE = 40;
const OURS = /^(step:|after:|setup$|parameters$|gate$)/;

/** The graph and the findings of one notebook. A notebook that nobody looks at is not asked about. */
export class Checker implements IDisposable {
  constructor(
    readonly panel: NotebookPanel,
    private readonly _client: Client
  ) {
    panel.context.model.contentChanged.connect(this.soon, this);
    panel.disposed.connect(() => this.dispose());
    this.soon();
  }

  /** There is a newer graph, or a problem. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** What the notebook means; nothing before the first answer. */
  get graph(): Graph | null {
    return this._graph;
  }

  get problem(): Problem | null {
    return this._problem;
  }

  /** Whether somebody wants the graph although no cell is tagged: the panel does. */
  set isWanted(wanted: boolean) {
    this._wanted = wanted;
    if (wanted && this._graph === null) {
      this.soon();
    }
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (!this._disposed) {
      this._disposed = true;
      this._soon.dispose();
      Signal.clearData(this);
    }
  }

  /** Asks after a short pause; while an answer is awaited, once more after it. */
  soon(): void {
    if (!this._disposed) {
      void this._soon.invoke();
    }
  }

  private async _check(): Promise<void> {
    await this.panel.context.ready;
    if (this._disposed || !this._isOfInterest()) {
      return;
    }
    if (this._asking) {
      this._again = true;
      return;
    }
    this._asking = true;
    try {
      const content = contentOf(this.panel);
      this._graph = await this._client.check(this.panel.context.path, content);
      this._problem = null;
    } catch (error) {
      this._problem = problemOf(error);
    }
    this._asking = false;
    this._changed.emit();
    if (this._again) {
      this._again = false;
      this.soon();
    }
  }

  private _isOfInterest(): boolean {
    if (this._wanted || this._graph !== null) {
      return true;
    }
    const cells = this.panel.content.model?.cells ?? [];
    return Array.from(cells).some(cell =>
      wordsOf(cell.getMetadata('tags')).some(word => OURS.test(word))
    );
  }

  private _graph: Graph | null = null;
  private _problem: Problem | null = null;
  private _wanted = false;
  private _asking = false;
  private _again = false;
  private readonly _soon = new Debouncer(() => this._check(), PAUSE);
  private _disposed = false;
  private readonly _changed = new Signal<this, void>(this);
}

/** The checkers of the open notebooks: one for each, whoever asks. */
export class Checkers {
  constructor(private readonly _client: Client) {}

  of(panel: NotebookPanel): Checker {
    let found = this._found.get(panel);
    if (found === undefined) {
      found = new Checker(panel, this._client);
      this._found.set(panel, found);
    }
    return found;
  }

  private readonly _found = new WeakMap<NotebookPanel, Checker>();
}

/** The notebook as the analysis needs it: outputs may be large and mean nothing to it. */
export function contentOf(panel: NotebookPanel): unknown {
  const { model } = panel.context;
  return {
    metadata: model.sharedModel.getMetadata(),
    nbformat: model.nbformat,
    nbformat_minor: model.nbformatMinor,
    cells: Array.from(model.cells, cell => ({
      id: cell.id,
      cell_type: cell.type,
      source: cell.sharedModel.getSource(),
      metadata: { tags: cell.getMetadata('tags') as unknown }
    }))
  };
}
