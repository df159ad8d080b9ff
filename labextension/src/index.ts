/** What JupyterLab loads: the plugins of the extension, and nothing else. */

import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { CellMarks } from './steps/marks';
import { MARKS_PLUGIN } from './tokens';

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

export default [marks];
