/** Writes tags into a notebook: as one change of the shared model, so that one undo takes it back. */

import { Cell } from '@jupyterlab/cells';
import { Notebook } from '@jupyterlab/notebook';

import { TagChange } from '../api/types';

/** Gives each cell the tags that `change` makes of those it has. */
export function retag(
  notebook: Notebook,
  cells: readonly Cell[],
  change: (tags: unknown, cell: Cell) => string[]
): void {
  notebook.model?.sharedModel.transact(() => {
    for (const cell of cells) {
      const tags = change(cell.model.getMetadata('tags'), cell);
      if (tags.length > 0) {
        cell.model.setMetadata('tags', tags);
      } else {
        cell.model.deleteMetadata('tags');
      }
    }
  });
}

/** Applies changes that the server proposes; its cells are counted from 1. */
export function applyChanges(
  notebook: Notebook,
  changes: readonly TagChange[]
): void {
  const wanted = new Map(changes.map(({ cell, tags }) => [cell - 1, tags]));
  const cells = notebook.widgets.filter((_, place) => wanted.has(place));
  const places = new Map(notebook.widgets.map((cell, place) => [cell, place]));
  retag(notebook, cells, (_, cell) => wanted.get(places.get(cell) ?? -1) ?? []);
}
