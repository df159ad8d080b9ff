/** What JupyterLab loads: the plugins of the extension, and nothing else. */

import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CellMarks } from './steps/marks';
import { COMMANDS, MARKS_PLUGIN, PANEL_PLUGIN, TAGGING_PLUGIN } from './tokens';

const marks: JupyterFrontEndPlugin<void> = {
  id: MARKS_PLUGIN,
  description: 'Shows on each cell which pipeline step it belongs to.',
  autoStart: true,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null) => {
    const trans = (translator ?? nullTranslator).load('mlops_jlab');
    app.docRegistry.addWidgetExtension('Notebook', new CellMarks(trans));
  }
};

const tagging: JupyterFrontEndPlugin<void> = {
  id: TAGGING_PLUGIN,
  description: 'Commands that put cells into the steps of a pipeline.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ITranslator, ICommandPalette],
  activate: async (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    palette: ICommandPalette | null
  ) => {
    const { addTagging } = await import('./steps/commands');
    const trans = (translator ?? nullTranslator).load('mlops_jlab');
    addTagging(app, tracker, trans);
    for (const command of Object.values(COMMANDS)) {
      palette?.addItem({ command, category: trans.__('Pipelines and Runs') });
    }
  }
};

const panel: JupyterFrontEndPlugin<void> = {
  id: PANEL_PLUGIN,
  description: 'The pipeline of the notebook in front, and all runs.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ITranslator, ILayoutRestorer],
  activate: async (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null
  ) => {
    const { makePanel } = await import('./panel/panel');
    const trans = (translator ?? nullTranslator).load('mlops_jlab');
    const widget = makePanel(app, tracker, trans);
    app.shell.add(widget, 'left', { rank: 400 });
    restorer?.add(widget, widget.id);
    app.commands.addCommand(COMMANDS.openPanel, {
      label: trans.__('Show Pipelines and Runs'),
      describedBy: { args: { type: 'object', properties: {} } },
      execute: () => app.shell.activateById(widget.id)
    });
  }
};

export default [marks, tagging, panel];
