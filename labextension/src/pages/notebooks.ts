/** Opens notebooks at a place. */

import { JupyterFrontEnd } from '@jupyterlab/application';
import { NotebookPanel } from '@jupyterlab/notebook';

/** Opens a notebook and makes a cell of it the active one; without a cell, just the notebook. */
export async function openAt(
  app: JupyterFrontEnd,
  path: string,
  cell: string
): Promise<void> {
  const opened: unknown = await app.commands.execute('docmanager:open', {
    path
  });
  if (opened instanceof NotebookPanel) {
    await opened.revealed;
    const { widgets } = opened.content;
    const place = widgets.findIndex(one => one.model.id === cell);
    if (place >= 0) {
      opened.content.activeCellIndex = place;
      await opened.content.scrollToItem(place, 'center');
    }
  }
}
