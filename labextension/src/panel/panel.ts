/** The panel in the sidebar: sections that fold, and sleep while nobody sees them. */

import { Notification } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { SidePanel } from '@jupyterlab/ui-components';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { Message } from '@lumino/messaging';
import { AccordionPanel, Widget } from '@lumino/widgets';

import { Client } from '../api/client';
import { Models, Schedules } from '../api/types';
import { panelIcon } from '../icons/icons';
import { actionsOf } from '../models/actions';
import { ModelsSection } from '../models/section';
import { addPipelineCommands } from '../pipelines/commands';
import { PipelineModel, Told } from '../pipelines/model';
import { PipelineSection } from '../pipelines/section';
import { addPages, Parts as PageParts } from '../pages/commands';
import { openAt } from '../pages/notebooks';
import { addActions } from '../runs/commands';
import { RunsSection } from '../runs/list';
import { Marked } from '../runs/marked';
import { RunsModel } from '../runs/model';
import { hasFailed } from '../runs/words';
import { changeSchedule, followSchedules } from '../schedules/following';
import { SchedulesSection } from '../schedules/section';
import { COMMANDS } from '../tokens';
import { Fetched } from './fetched';
import { hint, modelsIn, schedulesIn } from './hints';
import { share } from './room';

const CHANGED = 'https://mlops-jlab.org/events/runs-changed/v1';
const MARKED = 'mlops-jlab:marked';

/** What sleeps while nobody sees it. */
interface Sleeper {
  isVisible: boolean;
  noteChange(): void;
}

/** Whether a click on the title of a section opens it: models and schedules. */
function opensOnDemand(section: Widget): boolean {
  return (
    section instanceof ModelsSection || section instanceof SchedulesSection
  );
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

  /** Folds the sections that are opened on demand; the others share the room until somebody moves a border. */
  private _arrange(): void {
    const { content } = this;
    const [first] = content.widgets;
    if (content instanceof AccordionPanel && first instanceof PipelineSection) {
      let isOurs = true;
      const again = (): void => {
        if (isOurs) {
          share(content, first);
        }
      };
      content.handleMoved.connect(() => (isOurs = false));
      content.expansionToggled.connect(() => {
        isOurs = true;
        again();
      });
      first.grown.connect(again);
      content.widgets.forEach((section, place) => {
        if (opensOnDemand(section)) {
          content.collapse(place);
        }
      });
      again();
      this._again = again;
    }
  }

  protected override onResize(message: Widget.ResizeMessage): void {
    super.onResize(message);
    this._again();
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
  private _again = (): void => undefined;
}

/** What the panel is built from: what its pages are built from, without what it makes for them. */
export type Parts = Omit<PageParts, 'model' | 'marked'>;

/** Builds the panel and connects it with the server. */
export function makePanel(parts: Parts): {
  panel: MlopsPanel;
  runs: RunsModel;
} {
  const { app, client, checkers, tracker, state, trans } = parts;
  const runs = new RunsModel(client);
  const marked = new Marked(kept => void state?.save(MARKED, { ...kept }));
  void state?.fetch(MARKED).then(kept => marked.restore(kept));
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
  addPages({ ...parts, model: runs, marked });
  addActions({ ...parts, model: runs });
  const execute = (command: string, args = {}): void =>
    void app.commands.execute(command, args);
  const openExample = (): void => execute(COMMANDS.openExample);
  const openRun = (id: string): void => execute(COMMANDS.openRun, { id });
  tellFailures(parts, pipeline);
  const panel = new MlopsPanel(sections, trans);
  const section = new PipelineSection(
    pipeline,
    client,
    {
      openRun,
      openExample,
      sweep: path => execute(COMMANDS.openSweep, { path }),
      schedule: (path, parameters) =>
        execute(COMMANDS.openSchedule, { path, parameters }),
      openCanvas: () => execute(COMMANDS.openCanvas),
      tagCell: () => execute(COMMANDS.tagStep),
      openAt: (path, cell) => openAt(app, path, cell)
    },
    trans
  );
  pipeline.changed.connect(() =>
    hint(section, pipeline.panel?.title.label ?? '')
  );
  panel.addWidget(section);
  addRuns(parts, panel, runs, execute);
  addModelsAndSchedules(parts, panel, { models, schedules, openRun });
  const reveal = (): void => app.shell.activateById(panel.id);
  addPipelineCommands({ ...parts, section, reveal });
  return { panel, runs };
}

function addRuns(
  { client, trans }: Parts,
  panel: MlopsPanel,
  runs: RunsModel,
  execute: (command: string, args?: ReadonlyPartialJSONObject) => void
): void {
  panel.addWidget(
    new RunsSection(
      runs,
      {
        open: ({ id, name }) => execute(COMMANDS.openRun, { id, name }),
        compare: ids => execute(COMMANDS.compareRuns, { ids: [...ids] }),
        cancel: run => void client.cancel(run.id).then(() => runs.refresh()),
        openTable: () => execute(COMMANDS.openTable)
      },
      trans
    )
  );
}

/** A failure is told wherever one looks, with the ways on. */
function tellFailures(
  { app, client, trans }: Parts,
  pipeline: PipelineModel
): void {
  pipeline.failed.connect((_, { run, steps, resumable }) => {
    const step = steps.find(state => hasFailed(state.status));
    const what = step === undefined ? run : step;
    if (run === null || what === null) {
      return;
    }
    const debug = async (): Promise<Told> => {
      const { path, cell } = await client.debug(run.id);
      await openAt(app, path, cell);
      return { text: trans.__('Opened %1', path) };
    };
    Notification.error(`${what.name}: ${what.reason}`.slice(0, 300), {
      autoClose: false,
      actions: [
        ...(step
          ? [
              {
                label: trans.__('Open at Failure'),
                callback: () => void pipeline.withFile(debug)
              }
            ]
          : []),
        ...(resumable
          ? [
              {
                label: trans.__('Resume'),
                callback: () => void resume(client, pipeline, run.id, trans)
              }
            ]
          : [])
      ]
    });
  });
}

/** Goes on from the step that failed. */
function resume(
  client: Client,
  pipeline: PipelineModel,
  failed: string,
  trans: TranslationBundle
): Promise<void> {
  return pipeline.withFile(async path => {
    const { run, name } = await client.execute(path, { resume: failed });
    pipeline.follow(path, run);
    return { text: trans.__('Started %1', name), run };
  });
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
  { app, client, trans }: Parts,
  panel: MlopsPanel,
  {
    models,
    schedules,
    openRun
  }: Asked & {
    openRun: (id: string) => void;
  }
): void {
  const modelsSection = new ModelsSection({
    models,
    actions: actionsOf({
      models,
      client,
      trans,
      openRun,
      openMonitoring: name =>
        void app.commands.execute(COMMANDS.openMonitoring, { name }),
      openModel: (name, version, compare) =>
        void app.commands.execute(COMMANDS.openModel, {
          name,
          ...(version ? { version } : {}),
          ...(compare ? { compare } : {})
        })
    }),
    trans
  });
  const schedulesSection = new SchedulesSection({
    schedules,
    change: (what, { name }) =>
      void changeSchedule(what, name, schedules, client, trans),
    openRun,
    openSchedule: name =>
      void app.commands.execute(COMMANDS.openSchedule, { name }),
    trans
  });
  models.changed.connect(({ value }) =>
    hint(modelsSection, modelsIn(value, trans))
  );
  schedules.changed.connect(({ value }) =>
    hint(schedulesSection, schedulesIn(value, Date.now() / 1000, trans))
  );
  panel.addWidget(modelsSection);
  panel.addWidget(schedulesSection);
}
