/** What JupyterLab loads: the plugins of the extension, and nothing else. */

import {
  ILayoutRestorer,
  IRouter,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';
import {
  INotebookTools,
  INotebookTracker,
  NotebookPanel
} from '@jupyterlab/notebook';
import { ILauncher } from '@jupyterlab/launcher';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { IStateDB } from '@jupyterlab/statedb';
import {
  ITranslator,
  nullTranslator,
  TranslationBundle
} from '@jupyterlab/translation';
import { DisposableDelegate } from '@lumino/disposable';

import type { Checkers } from './pipelines/checker';
import {
  COMMANDS,
  FINDINGS_PLUGIN,
  FORM_PLUGIN,
  IPipelines,
  IRuns,
  MARKS_PLUGIN,
  PALETTE,
  PANEL_PLUGIN,
  PIPELINES_PLUGIN,
  TAGGING_PLUGIN
} from './tokens';

export * from './tokens';

function bundleOf(translator: ITranslator | null): TranslationBundle {
  return (translator ?? nullTranslator).load('mlops_jlab');
}

const marks: JupyterFrontEndPlugin<void> = {
  id: MARKS_PLUGIN,
  description: 'Shows on each cell which pipeline step it belongs to.',
  autoStart: true,
  optional: [ITranslator],
  activate: async (app: JupyterFrontEnd, translator: ITranslator | null) => {
    const { CellMarks } = await import('./steps/marks');
    const trans = bundleOf(translator);
    app.docRegistry.addWidgetExtension('Notebook', new CellMarks(trans));
  }
};

const pipelines: JupyterFrontEndPlugin<IPipelines> = {
  id: PIPELINES_PLUGIN,
  description: 'Knows what each open notebook means as a pipeline.',
  autoStart: true,
  provides: IPipelines,
  activate: async (app: JupyterFrontEnd) => {
    const { Checkers } = await import('./pipelines/checker');
    const { Client } = await import('./api/client');
    return new Checkers(new Client(app.serviceManager.serverSettings));
  }
};

const findings: JupyterFrontEndPlugin<void> = {
  id: FINDINGS_PLUGIN,
  description: 'Shows errors and hazards of the data flow at their cells.',
  autoStart: true,
  requires: [IPipelines],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    known: IPipelines,
    translator: ITranslator | null
  ) => {
    const trans = bundleOf(translator);
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (panel: NotebookPanel) => {
        void import('./steps/findings').then(({ showFindings }) =>
          showFindings(panel, known.of(panel), trans)
        );
        return new DisposableDelegate(() => undefined);
      }
    });
  }
};

const tagging: JupyterFrontEndPlugin<void> = {
  id: TAGGING_PLUGIN,
  description: 'Commands that put cells into the steps of a pipeline.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ITranslator, ICommandPalette, ISettingRegistry],
  activate: async (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    settings: ISettingRegistry | null
  ) => {
    const { addTagging } = await import('./steps/commands');
    const trans = bundleOf(translator);
    const { Client } = await import('./api/client');
    const client = new Client(app.serviceManager.serverSettings);
    addTagging(app, tracker, client, trans);
    for (const command of PALETTE) {
      palette?.addItem({ command, category: trans.__('MLOps') });
    }
    if (settings !== null) {
      void import('./preferences').then(({ followPreferences }) =>
        followPreferences(settings, TAGGING_PLUGIN)
      );
    }
  }
};

const panel: JupyterFrontEndPlugin<IRuns> = {
  id: PANEL_PLUGIN,
  description: 'The pipeline of the notebook in front, and all runs.',
  autoStart: true,
  requires: [INotebookTracker, IPipelines],
  optional: [
    ITranslator,
    ILayoutRestorer,
    IRenderMimeRegistry,
    IStateDB,
    ILauncher,
    ICommandPalette,
    IRouter,
    IFileBrowserFactory
  ],
  provides: IRuns,
  activate: async (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    known: IPipelines,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    rendermime: IRenderMimeRegistry | null,
    state: IStateDB | null,
    launcher: ILauncher | null,
    palette: ICommandPalette | null,
    router: IRouter | null,
    files: IFileBrowserFactory | null
  ) => {
    const { makePanel } = await import('./panel/panel');
    const trans = bundleOf(translator);
    const { Client } = await import('./api/client');
    const client = new Client(app.serviceManager.serverSettings);
    const made = makePanel({
      app,
      client,
      checkers: known as Checkers,
      tracker,
      rendermime,
      restorer,
      state,
      launcher,
      palette,
      router,
      files,
      trans
    });
    app.shell.add(made.panel, 'left', { rank: 400 });
    restorer?.add(made.panel, made.panel.id);
    app.commands.addCommand(COMMANDS.openPanel, {
      label: trans.__('Show Pipelines and Runs'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(made.panel.id)
    });
    return made.runs;
  }
};

const form: JupyterFrontEndPlugin<void> = {
  id: FORM_PLUGIN,
  description: 'How a step is run: a form in the property inspector.',
  autoStart: true,
  requires: [INotebookTools],
  optional: [ITranslator],
  activate: (
    app: JupyterFrontEnd,
    tools: INotebookTools,
    translator: ITranslator | null
  ) => {
    void app.restored.then(async () => {
      const { StepForm } = await import('./steps/form');
      const trans = bundleOf(translator);
      const tool = new StepForm(trans);
      tools.addSection({
        sectionName: FORM_PLUGIN,
        label: trans.__('Pipeline Step'),
        rank: 10
      });
      tools.addItem({ tool, section: FORM_PLUGIN });
    });
  }
};

export default [marks, pipelines, findings, tagging, panel, form];
