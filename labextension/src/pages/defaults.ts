/** Parameters of a run become the defaults of its notebook: in the open notebook, where one sees and undoes it. */

import { JupyterFrontEnd } from '@jupyterlab/application';
import { NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';

import { Client } from '../api/client';

/** What is needed for it. */
interface Parts {
  app: JupyterFrontEnd;
  client: Client;
  trans: TranslationBundle;
}

/** Opens a notebook and writes values, as texts by parameter, into its parameters cell. It is not saved. */
export async function setDefaults(
  { app, client, trans }: Parts,
  path: string,
  values: Readonly<Record<string, string>>
): Promise<void> {
  const opened: unknown = await app.commands.execute('docmanager:open', {
    path
  });
  if (!(opened instanceof NotebookPanel)) {
    throw new Error(trans.__('%1 does not open as a notebook.', path));
  }
  await opened.revealed;
  const { model, widgets } = opened.content;
  const { cells } = await client.defaults(model?.toJSON(), values);
  model?.sharedModel.transact(() => {
    for (const { cell, source } of cells) {
      widgets[cell - 1]?.model.sharedModel.setSource(source);
    }
  });
  const [first] = cells;
  if (first) {
    opened.content.activeCellIndex = first.cell - 1;
    await opened.content.scrollToItem(first.cell - 1, 'smart');
  }
}
