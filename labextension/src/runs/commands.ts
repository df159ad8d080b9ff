/** What can be done with runs: commands for menus and other extensions. */

import { JupyterFrontEnd } from '@jupyterlab/application';
import {
  Clipboard,
  IFrame,
  MainAreaWidget,
  Notification
} from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { Client } from '../api/client';
import { panelIcon } from '../icons/icons';
import { idOf } from '../pages/commands';
import { problemOf } from '../problems';
import { COMMANDS } from '../tokens';
import { RunsModel } from './model';

/** What the commands work with. */
export interface Parts {
  app: JupyterFrontEnd;
  client: Client;
  model: RunsModel;
  trans: TranslationBundle;
}

const RUN_ARGS = {
  type: 'object',
  properties: {
    id: {
      type: 'string',
      description: 'The run; without one, the selected run of the panel'
    }
  }
};

/** What a command does to a run. */
type Act = (run: string) => Promise<unknown>;

/** Adds the commands. */
export function addActions(parts: Parts): void {
  const { model, trans } = parts;
  const canEdit = (): boolean => model.isWritable && model.chosen.length > 0;
  const start = (what: 'note' | 'tags'): Act => {
    return async id => model.startEditing({ id, what });
  };
  add(
    parts,
    COMMANDS.openRunNotebook,
    trans.__('Open Notebook as It Was'),
    run => openNotebook(parts, run)
  );
  add(parts, COMMANDS.openRunReport, trans.__('Open Report'), run =>
    showReport(parts, run)
  );
  add(parts, COMMANDS.copyRunId, trans.__('Copy Id'), async run =>
    Clipboard.copyToSystem(run)
  );
  add(parts, COMMANDS.reproduceRun, trans.__('Reproduce'), run =>
    reproduce(parts, run)
  );
  add(parts, COMMANDS.editNote, trans.__('Edit Note'), start('note'), canEdit);
  add(parts, COMMANDS.editTags, trans.__('Edit Tags'), start('tags'), canEdit);
  add(
    parts,
    COMMANDS.deleteRuns,
    trans.__('Delete Runs'),
    () => model.delete(),
    canEdit
  );
  add(
    parts,
    COMMANDS.restoreRuns,
    trans.__('Undo Delete'),
    () => model.restore(),
    () => model.deleted.length > 0
  );
}

/** Adds a command that says it when something goes wrong. */
function add(
  { app, model }: Parts,
  id: string,
  label: string,
  act: Act,
  isEnabled = (): boolean => true
): void {
  app.commands.addCommand(id, {
    label,
    describedBy: { args: RUN_ARGS },
    isEnabled,
    execute: async args => {
      try {
        await act(idOf(args, model));
      } catch (error) {
        const { message, hint } = problemOf(error);
        Notification.error(`${message} ${hint}`.trim(), { autoClose: 8000 });
      }
    }
  });
}

async function openNotebook(
  { app, client }: Parts,
  run: string
): Promise<unknown> {
  const { path } = await client.notebook(run);
  return app.commands.execute('docmanager:open', { path });
}

async function reproduce(
  { app, client, trans }: Parts,
  run: string
): Promise<void> {
  const { path } = await client.reproduce(run);
  Notification.info(trans.__('The run is repeated; %1 tells how', path), {
    actions: [
      {
        label: trans.__('Open'),
        callback: () => void app.commands.execute('docmanager:open', { path })
      }
    ]
  });
}

/** A run's report in a frame that may run nothing and reach nothing. */
async function showReport(parts: Parts, run: string): Promise<void> {
  const { app, client, trans } = parts;
  const { artifacts, name, parent } = await client.run(run);
  if (!artifacts.some(file => file.path === 'report.html')) {
    if (parent !== '') {
      return showReport(parts, parent);
    }
    throw new Error(trans.__('Run %1 has no report.', name));
  }
  const text = await client.text(run, 'report.html');
  const frame = new IFrame({ sandbox: [] });
  const url = URL.createObjectURL(new Blob([text], { type: 'text/html' }));
  frame.url = url;
  frame.disposed.connect(() => URL.revokeObjectURL(url));
  const page = new MainAreaWidget<Widget>({ content: frame });
  page.title.label = trans.__('Report of %1', name);
  page.title.icon = panelIcon;
  app.shell.add(page, 'main');
}
