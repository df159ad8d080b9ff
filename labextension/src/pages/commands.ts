/** The commands that open pages in the main area, and what brings them back after a reload. */

import {
  ILayoutRestorer,
  IRouter,
  JupyterFrontEnd
} from '@jupyterlab/application';
import {
  ICommandPalette,
  MainAreaWidget,
  Notification,
  WidgetTracker
} from '@jupyterlab/apputils';
import { URLExt } from '@jupyterlab/coreutils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import { ILauncher } from '@jupyterlab/launcher';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IStateDB } from '@jupyterlab/statedb';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { SplitPanel, Widget } from '@lumino/widgets';

import { Client } from '../api/client';
import { panelIcon } from '../icons/icons';
import type { Checkers } from '../pipelines/checker';
import { Marked } from '../runs/marked';
import { RunsModel } from '../runs/model';
import { titleOf } from '../runs/words';
import { COMMANDS } from '../tokens';
import { addCanvas, addData, addModelsAndSchedules, addSweeps } from './kinds';
import { addTogether } from './several';
import { addressIn, addressOf, linkTo, textOf, WORD } from './links';
import { inTerminalOf } from './terminals';
import { Address, keyOf, Page } from './page';
import { openAt } from './notebooks';
import { Surroundings } from './surroundings';

/** What the commands work with. */
export interface Parts {
  app: JupyterFrontEnd;
  client: Client;
  checkers: Checkers;
  tracker: INotebookTracker;
  model: RunsModel;
  marked: Marked;
  rendermime: IRenderMimeRegistry | null;
  restorer: ILayoutRestorer | null;
  state: IStateDB | null;
  launcher: ILauncher | null;
  router: IRouter | null;
  palette: ICommandPalette | null;
  /** The file browsers, where there are any. */
  files: IFileBrowserFactory | null;
  trans: TranslationBundle;
}

type Opened = MainAreaWidget<Page>;

const FLAT = 100; // px, below which nothing of a page is seen

const RUN_ARGS = {
  type: 'object',
  properties: {
    id: {
      type: 'string',
      description: 'The run; without one, the selected run of the panel'
    },
    name: { type: 'string', description: 'What the page is called' },
    itself: {
      type: 'boolean',
      description: 'The page of the run also where it is a sweep'
    }
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
  properties: {
    address: {
      type: 'string',
      description:
        'Which page: table, run/ID, canvas/PATH, notebooks/PATH, comparison/ID/ID, model/NAME, monitoring/NAME, data/NAME, schedule/NAME, sweep/ID'
    },
    name: { type: 'string', description: 'What the page is called' }
  }
};

/** Adds the commands. Pages that are open come back after a reload. */
export function addPages(parts: Parts): void {
  const { app, model, launcher, palette, trans } = parts;
  const tracker = new WidgetTracker<Opened>({ namespace: 'mlops-jlab-runs' });
  const around = surroundingsOf(parts);
  const show = (address: Address): void =>
    showPage(app, tracker, address, around);
  app.commands.addCommand(COMMANDS.openTable, {
    label: args =>
      args.isLauncher
        ? trans.__('Pipelines and Runs')
        : trans.__('Open the Table of Runs'),
    caption: trans.__('All runs, with charts'),
    icon: panelIcon,
    describedBy: { args: { type: 'object', properties: {} } },
    execute: () => show({ kind: 'table' })
  });
  app.commands.addCommand(COMMANDS.openRun, {
    label: trans.__('Open Run'),
    describedBy: { args: RUN_ARGS },
    execute: args => {
      const id = idOf(args, model);
      if (id !== '') {
        const known = model.runs.find(run => run.id === id);
        const name = known
          ? titleOf(known)
          : String(args.name || id.slice(0, 8));
        const kind =
          known?.kind === 'sweep' && args.itself !== true ? 'sweep' : 'run';
        show({ kind, id, name });
      }
    }
  });
  app.commands.addCommand(COMMANDS.compareRuns, {
    label: trans.__('Compare Runs'),
    describedBy: { args: RUNS_ARGS },
    isEnabled: args => idsOf(args, model).length > 1,
    execute: args => show({ kind: 'comparison', ids: idsOf(args, model) })
  });
  addCanvas(parts, show);
  addTogether(parts, show);
  addModelsAndSchedules(parts, show);
  addSweeps(parts, show);
  addData(parts, show);
  addRestoring(parts, tracker, show);
  addLinks(parts, show);
  launcher?.add({
    command: COMMANDS.openTable,
    args: { isLauncher: true },
    category: trans.__('Other'),
    rank: 1
  });
  palette?.addItem({
    command: COMMANDS.openTable,
    category: trans.__('MLOps')
  });
}

/** The run that a command is about: named, or selected in the panel. */
export function idOf(
  args: ReadonlyPartialJSONObject,
  model: RunsModel
): string {
  return typeof args.id === 'string' ? args.id : (model.chosen[0]?.id ?? '');
}

function idsOf(args: ReadonlyPartialJSONObject, model: RunsModel): string[] {
  return Array.isArray(args.ids)
    ? args.ids.map(String)
    : model.chosen.map(run => run.id);
}

function surroundingsOf(parts: Parts): Surroundings {
  const { app, model, ...others } = parts;
  const execute = (command: string, args: ReadonlyPartialJSONObject): void =>
    void app.commands.execute(command, args);
  return {
    ...others,
    changes: model.noticed,
    contents: app.serviceManager.contents,
    openAt: (path, cell) => openAt(app, path, cell),
    inTerminal: inTerminalOf(app),
    openTable: () => execute(COMMANDS.openTable, {}),
    open: ({ id, name }, itself = false) =>
      execute(COMMANDS.openRun, { id, name, itself }),
    compare: ids => execute(COMMANDS.compareRuns, { ids: [...ids] }),
    openModel: (name, version, compare) =>
      execute(COMMANDS.openModel, {
        name,
        ...(version ? { version } : {}),
        ...(compare ? { compare } : {})
      }),
    openTogether: path => execute(COMMANDS.openTogether, { path }),
    openSchedule: name => execute(COMMANDS.openSchedule, { name }),
    openDriftSchedule: (path, drift) =>
      execute(COMMANDS.openSchedule, { path, drift }),
    openMonitoring: name => execute(COMMANDS.openMonitoring, { name }),
    openData: (name, version) =>
      execute(COMMANDS.openData, { name, ...(version ? { version } : {}) }),
    openSweep: (id, name) => execute(COMMANDS.openSweep, { id, name }),
    openNewSweep: path => execute(COMMANDS.openSweep, { path }),
    setDefaults: async (path, values) => {
      const { setDefaults } = await import('./defaults');
      await setDefaults(parts, path, values);
    },
    openFile: path => execute('docmanager:open', { path }),
    copyLink: address =>
      void navigator.clipboard.writeText(linkTo(address, placeOf(app))),
    execute: (what, id) => {
      const command = {
        notebook: COMMANDS.openRunNotebook,
        report: COMMANDS.openRunReport,
        reproduce: COMMANDS.reproduceRun
      }[what];
      execute(command, { id });
    }
  };
}

function addRestoring(
  { app, restorer, trans }: Parts,
  tracker: WidgetTracker<Opened>,
  show: (address: Address) => void
): void {
  app.commands.addCommand(COMMANDS.openPage, {
    describedBy: { args: PAGE_ARGS },
    execute: ({ address, name }) => {
      const found = addressOf(String(address));
      if (found === null) {
        Notification.warning(trans.__('There is no page “%1”.', address), {
          autoClose: 5000
        });
      } else {
        const isNamed = found.kind === 'run' && name !== undefined;
        show(isNamed ? { ...found, name: String(name) } : found);
      }
    }
  });
  void restorer?.restore(tracker, {
    command: COMMANDS.openPage,
    args: ({ content }) => ({
      address: textOf(content.address),
      name: content.title.label
    }),
    name: ({ content }) => keyOf(content.address)
  });
}

/** A link opens its page in a JupyterLab or Notebook 7 that is loaded with it. */
function addLinks(
  { app, router, trans }: Parts,
  show: (address: Address) => void
): void {
  app.commands.addCommand(COMMANDS.openLink, {
    label: trans.__('Open the Page of a Link'),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          search: { type: 'string', description: 'The query of the link' }
        }
      }
    },
    execute: ({ search }) => {
      const address = addressIn(String(search));
      if (address !== null) {
        // Nobody waits for it: in Notebook 7 what comes after this rule of the router is what restores.
        void app.restored.then(() => show(address));
      }
    }
  });
  router?.register({
    command: COMMANDS.openLink,
    pattern: new RegExp(`[?&]${WORD}=`)
  });
}

/** Where links lead: JupyterLab itself, or in Notebook 7 the document in front. */
function placeOf(app: JupyterFrontEnd): string {
  const path =
    app.name === 'JupyterLab'
      ? URLExt.join(app.serviceManager.serverSettings.baseUrl, 'lab')
      : window.location.pathname;
  return new URL(path, window.location.href).href;
}

/** Where a page may be. Notebook 7 has room for one document in its main area; before 7.3 it has no other below it. */
const AREAS = ['main', 'down', 'right'];

/** Shows a page, or the one that shows the same already. */
function showPage(
  app: JupyterFrontEnd,
  tracker: WidgetTracker<Opened>,
  address: Address,
  around: Surroundings
): void {
  const key = keyOf(address);
  const open = tracker.find(page => keyOf(page.content.address) === key);
  const page =
    open ?? new MainAreaWidget({ content: new Page(address, around) });
  page.title.icon = panelIcon;
  page.toolbar.hide(); // the page has its own
  for (const area of AREAS) {
    if (!page.isAttached) {
      app.shell.add(page, area);
    }
  }
  if (open !== undefined) {
    page.content.go(address);
  } else {
    void tracker.add(page);
    page.content.title.changed.connect(() => void tracker.save(page));
  }
  app.shell.activateById(page.id);
  window.requestAnimationFrame(() => giveRoom(page));
}

/** Below a document there is no room yet: a page takes two thirds of the height. */
function giveRoom(page: Widget): void {
  let child = page;
  let parent = page.parent;
  while (parent !== null && page.node.clientHeight < FLAT) {
    const isStack =
      parent instanceof SplitPanel && parent.orientation === 'vertical';
    if (isStack) {
      const inner = child;
      (parent as SplitPanel).setRelativeSizes(
        (parent as SplitPanel).widgets.map(one => (one === inner ? 2 : 1))
      );
      return;
    }
    child = parent;
    parent = parent.parent;
  }
}
