/** Keeps the coloured stripe and the label of every cell in step with the cell's tags. */

import { Cell } from '@jupyterlab/cells';
import { DocumentRegistry } from '@jupyterlab/docregistry';
import { INotebookModel, NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { DisposableDelegate, IDisposable } from '@lumino/disposable';

import { Role } from '../tokens';
import { huesOf, roleOf } from './roles';

/** What the label of a cell says, and what a screen reader and a hovering mouse are told. */
export function describe(
  role: Role,
  trans: TranslationBundle
): { label: string; title: string } {
  switch (role.kind) {
    case 'step':
      return role.gate
        ? {
            label: trans.__('%1 · gate', role.name),
            title: trans.__('Gate of step %1', role.name)
          }
        : { label: role.name, title: trans.__('Step %1', role.name) };
    case 'setup':
      return {
        label: trans.__('setup'),
        title: trans.__('Setup: put in front of every step')
      };
    case 'parameters':
      return {
        label: trans.__('parameters'),
        title: trans.__('Parameters of the pipeline, with their defaults')
      };
    case 'conflict':
      return {
        label: role.names.join(' ≠ '),
        title: trans.__('A cell belongs to one step; remove all but one tag')
      };
  }
}

/** Draws one cell's mark, or takes it away. */
export function mark(
  node: HTMLElement,
  tags: unknown,
  hues: ReadonlyMap<string, number>,
  trans: TranslationBundle
): void {
  const role = roleOf(tags);
  node.classList.toggle('jp-mlops-marked', role !== null);
  if (role === null) {
    delete node.dataset.mlopsLabel;
    delete node.dataset.mlopsKind;
    delete node.dataset.mlopsHue;
    node.removeAttribute('aria-description');
    return;
  }
  const { label, title } = describe(role, trans);
  node.dataset.mlopsLabel = label;
  node.dataset.mlopsKind = role.kind;
  node.dataset.mlopsHue =
    role.kind === 'step' ? `${hues.get(role.name) ?? 0}` : '';
  node.setAttribute('aria-description', title);
}

/** Marks the cells of each notebook that opens, and follows what happens to them. */
export class CellMarks implements DocumentRegistry.IWidgetExtension<
  NotebookPanel,
  INotebookModel
> {
  constructor(private readonly _trans: TranslationBundle) {}

  createNew(panel: NotebookPanel): IDisposable {
    const marker = new NotebookMarker(panel, this._trans);
    return new DisposableDelegate(() => marker.dispose());
  }
}

/** The marks of one open notebook. */
class NotebookMarker implements IDisposable {
  constructor(
    private readonly _panel: NotebookPanel,
    private readonly _trans: TranslationBundle
  ) {
    _panel.content.modelChanged.connect(this._follow, this);
    _panel.context.ready.then(
      () => this._follow(),
      () => undefined // the document says itself why it could not be opened
    );
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    if (this._disposed) {
      return;
    }
    this._disposed = true;
    this._panel.content.modelChanged.disconnect(this._follow, this);
    this._panel.content.model?.cells.changed.disconnect(this._refresh, this);
  }

  private _follow(): void {
    if (this._disposed) {
      return;
    }
    const cells = this._panel.content.model?.cells;
    cells?.changed.disconnect(this._refresh, this);
    cells?.changed.connect(this._refresh, this);
    this._refresh();
  }

  private _refresh(): void {
    for (const cell of this._panel.content.widgets) {
      if (!this._followed.has(cell)) {
        this._followed.add(cell);
        cell.model.metadataChanged.connect(() => this._refresh());
      }
    }
    this._draw();
  }

  /** The hues go by the order of steps, so that one tag may change the color of all. */
  private _draw(): void {
    const cells = this._panel.content.widgets.filter(cell => !cell.isDisposed);
    const tags = cells.map(cell => cell.model.getMetadata('tags') as unknown);
    const steps = tags.flatMap(own => {
      const role = roleOf(own);
      return role?.kind === 'step' ? [role.name] : [];
    });
    const hues = huesOf(steps);
    const order = JSON.stringify([...hues]);
    cells.forEach((cell, n) => {
      const state = `${JSON.stringify(tags[n])} ${order}`;
      if (this._drawn.get(cell) !== state) {
        this._drawn.set(cell, state);
        mark(cell.node, tags[n], hues, this._trans);
      }
    });
  }

  private _disposed = false;
  private readonly _drawn = new WeakMap<Cell, string>();
  private readonly _followed = new WeakSet<Cell>();
}
