/** What can be done with runs: commands for menus and other extensions, and the pages in the main area. */

import { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import {
  Clipboard,
  IFrame,
  MainAreaWidget,
  Notification,
  WidgetTracker
} from '@jupyterlab/apputils';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Widget } from '@lumino/widgets';

import { Client } from '../api/client';
import { panelIcon } from '../icons/icons';
import { problemOf } from '../problems';
import { COMMANDS } from '../tokens';
import { ComparisonView } from './comparison';
import { DetailView, Surroundings } from './detail';
import { RunsModel } from './model';

/** What the commands work with. */
export interface Parts {
  app: JupyterFrontEnd;
  client: Client;
  model: RunsModel;
  rendermime: IRenderMimeRegistry | null;
  restorer: ILayoutRestorer | null;
  trans: TranslationBundle;
}

type Page = MainAreaWidget<DetailView | ComparisonView>;

const RUN_ARGS = {
  type: 'object',
  properties: {
    id: {
      type: 'string',
      description: 'The run; without one, the selected run of the panel'
    },
    name: { type: 'string', description: 'What the page is called' }
  }
};
const RUNS_ARGS = {
  type: 'object',
  properties: {
    ids: {
      type: 'array',
      items: { type: 'string' },
      description: 'The runs; without any, those selected in the panel'
    }
  }
};

const PAGE_ARGS = {
  type: 'object',
  properties: { ...RUN_ARGS.properties, ...RUNS_ARGS.properties }
};

/** Adds the commands; pages that are open come back after a reload. */
export function addRunCommands(parts: Parts): void {
  const { restorer } = parts;
  const tracker = new WidgetTracker<Page>({ namespace: 'mlops-jlab-runs' });
  addPages(parts, tracker);
  addActions(parts);
  void restorer?.restore(tracker, {
    command: COMMANDS.openPage,
    args: ({ content }) =>
      content instanceof DetailView
        ? { id: content.run.id, name: content.run.name }
        : { ids: [...content.ids] },
    name: ({ content }) =>
      content instanceof DetailView ? content.run.id : content.ids.join(' ')
  });
}

function addPages(parts: Parts, tracker: WidgetTracker<Page>): void {
  const { app, client, model, rendermime, trans } = parts;
  const around: Surroundings = {
    client,
    changes: model.noticed,
    execute: (what, id) => {
      const command = {
        notebook: COMMANDS.openRunNotebook,
        report: COMMANDS.openRunReport,
        reproduce: COMMANDS.reproduceRun
      }[what];
      void app.commands.execute(command, { id });
    },
    open: ({ id, name }) =>
      void app.commands.execute(COMMANDS.openRun, { id, name }),
    trans
  };
  const show = (page: DetailView | ComparisonView, key: string): void =>
    showPage(app, tracker, page, key);
  app.commands.addCommand(COMMANDS.openRun, {
    label: trans.__('Open Run'),
    describedBy: { args: RUN_ARGS },
    execute: args => {
      const id = idOf(args, model);
      if (id !== '') {
        const known = model.runs.find(run => run.id === id)?.name;
        const name = known ?? String(args.name ?? id.slice(0, 8));
        show(new DetailView(around, { id, name }), id);
      }
    }
  });
  app.commands.addCommand(COMMANDS.compareRuns, {
    label: trans.__('Compare Runs'),
    describedBy: { args: RUNS_ARGS },
    isEnabled: args => idsOf(args, model).length > 1,
    execute: args => {
      const ids = idsOf(args, model);
      show(
        new ComparisonView({ client, ids, rendermime, trans }),
        ids.join(' ')
      );
    }
  });
  app.commands.addCommand(COMMANDS.openPage, {
    describedBy: { args: PAGE_ARGS },
    execute: args =>
      app.commands.execute(
        Array.isArray(args.ids) ? COMMANDS.compareRuns : COMMANDS.openRun,
        args
      )
  });
}

/** Shows a page, or the one that shows the same already. */
function showPage(
  app: JupyterFrontEnd,
  tracker: WidgetTracker<Page>,
  content: DetailView | ComparisonView,
  key: string
): void {
  const open = tracker.find(page => keyOf(page) === key);
  const page = open ?? new MainAreaWidget({ content });
  page.title.icon = panelIcon;
  if (!page.isAttached) {
    app.shell.add(page, 'main');
  }
  if (open === undefined) {
    void tracker.add(page);
  }
  app.shell.activateById(page.id);
}

function keyOf({ content }: Page): string {
  return content instanceof DetailView ? content.run.id : content.ids.join(' ');
}

/** What a command does to a run. */
type Act = (run: string) => Promise<unknown>;

function addActions(parts: Parts): void {
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

function idOf(args: ReadonlyPartialJSONObject, model: RunsModel): string {
  return typeof args.id === 'string' ? args.id : (model.chosen[0]?.id ?? '');
}

function idsOf(args: ReadonlyPartialJSONObject, model: RunsModel): string[] {
  return Array.isArray(args.ids)
    ? args.ids.map(String)
    : model.chosen.map(run => run.id);
}
