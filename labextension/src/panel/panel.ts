/** The panel in the sidebar: sections that fold, and sleep while nobody sees them. */

import { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IStateDB } from '@jupyterlab/statedb';
import { TranslationBundle } from '@jupyterlab/translation';
import { SidePanel } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { AccordionPanel } from '@lumino/widgets';

import { Client } from '../api/client';
import { Models, Schedules } from '../api/types';
import { panelIcon } from '../icons/icons';
import { actionsOf } from '../models/actions';
import { ModelsSection } from '../models/section';
import { Checkers } from '../pipelines/checker';
import { PipelineModel } from '../pipelines/model';
import { PipelineSection } from '../pipelines/section';
import { addRunCommands } from '../runs/commands';
import { RunsSection } from '../runs/list';
import { RunsModel } from '../runs/model';
import { changeSchedule, followSchedules } from '../schedules/following';
import { SchedulesSection } from '../schedules/section';
import { COMMANDS } from '../tokens';
import { Fetched } from './fetched';

const CHANGED = 'https://mlops-jlab.org/events/runs-changed/v1';
const LIKES = 'mlops-jlab:list';
const FOLDED = [2, 3]; // models and schedules: a click on their titles opens them

/** What sleeps while nobody sees it. */
interface Sleeper {
  isVisible: boolean;
  noteChange(): void;
}

/** The panel. It tells its models whether it is seen. */
export class MlopsPanel extends SidePanel {
  constructor(
    private readonly _models: readonly Pick<Sleeper, 'isVisible'>[],
    trans: TranslationBundle
  ) {
    super();
    this.id = 'mlops-jlab-panel';
    this.addClass('jp-mlops-panel');
    this.title.icon = panelIcon;
    this.title.caption = trans.__('Pipelines and Runs');
  }

  /** Folds the sections that are opened on demand; those that are open share the room. */
  private _arrange(): void {
    const { content } = this;
    if (content instanceof AccordionPanel) {
      const share = (): void =>
        content.setRelativeSizes(
          content.widgets.map(section => (section.isHidden ? 0 : 1))
        );
      content.expansionToggled.connect(share);
      FOLDED.forEach(place => content.collapse(place));
      share();
    }
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    if (!this._arranged) {
      this._arranged = true;
      window.requestAnimationFrame(() => this._arrange());
    }
    this._models.forEach(model => (model.isVisible = true));
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._models.forEach(model => (model.isVisible = false));
  }

  private _arranged = false;
}

/** What the panel is built from. */
export interface Parts {
  app: JupyterFrontEnd;
  client: Client;
  checkers: Checkers;
  tracker: INotebookTracker;
  rendermime: IRenderMimeRegistry | null;
  restorer: ILayoutRestorer | null;
  state: IStateDB | null;
  trans: TranslationBundle;
}

/** Builds the panel and connects it with the server. */
export function makePanel(parts: Parts): {
  panel: MlopsPanel;
  runs: RunsModel;
} {
  const { app, client, checkers, tracker, state, trans } = parts;
  const runs = new RunsModel(
    client,
    likes => void state?.save(LIKES, { ...likes, columns: [...likes.columns] })
  );
  void state?.fetch(LIKES).then(kept => runs.restoreLikes(kept));
  const pipeline = new PipelineModel(client, checkers, tracker);
  const { models, schedules } = fetchedOf(client);
  const sections = [runs, pipeline, models, schedules];
  const telling = followSchedules(client);
  app.serviceManager.events.stream.connect((_, event) => {
    if (event.schema_id === CHANGED) {
      sections.forEach(section => section.noteChange());
      telling.noteChange();
    }
  });
  addRunCommands({ ...parts, model: runs });
  const execute = (command: string, args = {}): void =>
    void app.commands.execute(command, args);
  const openExample = (): void => execute(COMMANDS.openExample);
  const openRun = (id: string): void => execute(COMMANDS.openRun, { id });
  const panel = new MlopsPanel(sections, trans);
  panel.addWidget(
    new PipelineSection(
      pipeline,
      client,
      {
        openRun,
        openExample,
        openAt: (path, cell) => openAt(app, path, cell)
      },
      trans
    )
  );
  panel.addWidget(
    new RunsSection(
      runs,
      {
        open: ({ id, name }) => execute(COMMANDS.openRun, { id, name }),
        compare: ids => execute(COMMANDS.compareRuns, { ids: [...ids] }),
        cancel: run => void client.cancel(run.id).then(() => runs.refresh()),
        openExample
      },
      trans
    )
  );
  addModelsAndSchedules(parts, panel, { models, schedules, openRun });
  return { panel, runs };
}

/** What the server is asked for when it is seen. */
interface Asked {
  models: Fetched<Models>;
  schedules: Fetched<Schedules>;
}

function fetchedOf(client: Client): Asked {
  return {
    models: new Fetched<Models>(() => client.models(), {
      models: [],
      writable: true
    }),
    schedules: new Fetched<Schedules>(() => client.schedules(), {
      schedules: [],
      writable: true
    })
  };
}

function addModelsAndSchedules(
  { client, rendermime, trans }: Parts,
  panel: MlopsPanel,
  {
    models,
    schedules,
    openRun
  }: Asked & {
    openRun: (id: string) => void;
  }
): void {
  panel.addWidget(
    new ModelsSection({
      models,
      actions: actionsOf({ models, client, rendermime, trans, openRun }),
      trans
    })
  );
  panel.addWidget(
    new SchedulesSection({
      schedules,
      change: (what, { name }) =>
        void changeSchedule(what, name, schedules, client, trans),
      openRun,
      trans
    })
  );
}

/** Opens a notebook and makes a cell of it the active one. */
async function openAt(
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
