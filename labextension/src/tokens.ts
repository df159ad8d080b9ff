/** The words that every part of the extension shares, and what other extensions may ask for. */

import { NotebookPanel } from '@jupyterlab/notebook';
import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';

import { Graph } from './api/types';

/** The identifier under which JupyterLab knows the cell marks. */
export const MARKS_PLUGIN = 'mlops-jlab:cell-marks';

/** The plugin with the commands that tag cells, and with the settings. */
export const TAGGING_PLUGIN = 'mlops-jlab:plugin';

/** The plugin that knows what open notebooks mean. */
export const PIPELINES_PLUGIN = 'mlops-jlab:pipelines';

/** The plugin that shows findings at cells. */
export const FINDINGS_PLUGIN = 'mlops-jlab:findings';

/** The plugin with the panel in the sidebar. */
export const PANEL_PLUGIN = 'mlops-jlab:panel';

/** The plugin with the form of a step beside the notebook. */
export const FORM_PLUGIN = 'mlops-jlab:step-form';

/** The commands, which other extensions may call. */
export const COMMANDS = {
  tagStep: 'mlops-jlab:tag-step',
  tagSetup: 'mlops-jlab:tag-setup',
  tagParameters: 'mlops-jlab:tag-parameters',
  toggleGate: 'mlops-jlab:toggle-gate',
  untag: 'mlops-jlab:untag',
  renameStep: 'mlops-jlab:rename-step',
  suggestSteps: 'mlops-jlab:suggest-steps',
  runPipeline: 'mlops-jlab:run-pipeline',
  checkPipeline: 'mlops-jlab:check-pipeline',
  newSweep: 'mlops-jlab:new-sweep',
  newSchedule: 'mlops-jlab:new-schedule',
  openPanel: 'mlops-jlab:open-panel',
  openTable: 'mlops-jlab:open-table',
  openExample: 'mlops-jlab:open-example',
  openCanvas: 'mlops-jlab:open-canvas',
  openTogether: 'mlops-jlab:open-several',
  newTogether: 'mlops-jlab:new-several',
  openRun: 'mlops-jlab:open-run',
  compareRuns: 'mlops-jlab:compare-runs',
  openModel: 'mlops-jlab:open-model',
  openSchedule: 'mlops-jlab:open-schedule',
  openMonitoring: 'mlops-jlab:open-monitoring',
  openData: 'mlops-jlab:open-data',
  openSweep: 'mlops-jlab:open-sweep',
  openPage: 'mlops-jlab:open-page',
  openLink: 'mlops-jlab:open-link',
  openRunNotebook: 'mlops-jlab:open-run-notebook',
  openRunReport: 'mlops-jlab:open-run-report',
  copyRunId: 'mlops-jlab:copy-run-id',
  reproduceRun: 'mlops-jlab:reproduce-run',
  editNote: 'mlops-jlab:edit-note',
  editTags: 'mlops-jlab:edit-tags',
  deleteRuns: 'mlops-jlab:delete-runs',
  restoreRuns: 'mlops-jlab:restore-runs'
} as const;

/** The commands of the palette: those that need nothing but the notebook in front. */
export const PALETTE = [
  COMMANDS.tagStep,
  COMMANDS.tagSetup,
  COMMANDS.tagParameters,
  COMMANDS.toggleGate,
  COMMANDS.untag,
  COMMANDS.renameStep,
  COMMANDS.suggestSteps,
  COMMANDS.openPanel,
  COMMANDS.openExample
];

/** What a cell is in the pipeline. The Python package reads the same tags. */
export type Role =
  | { kind: 'step'; name: string; gate: boolean }
  | { kind: 'setup' }
  | { kind: 'parameters' }
  | { kind: 'conflict'; names: string[] };

/** What an open notebook means as a pipeline, kept up to date while it is edited. */
export interface INotebookPipeline {
  /** The graph with its findings; nothing before the first answer of the server. */
  readonly graph: Graph | null;
  /** There is a newer graph. */
  readonly changed: ISignal<unknown, void>;
}

/** Gives other extensions the pipelines of open notebooks. */
export interface IPipelines {
  of(panel: NotebookPanel): INotebookPipeline;
}

/** The token to ask for {@link IPipelines} with. */
export const IPipelines = new Token<IPipelines>(
  'mlops-jlab:IPipelines',
  'What open notebooks mean as pipelines: steps, edges, parameters, findings.'
);

/** Gives other extensions what happens in the table of runs. */
export interface IRuns {
  /** The store of runs has changed. */
  readonly noticed: ISignal<unknown, void>;
  /** The ids of the runs that are selected in the panel. */
  readonly selection: ReadonlySet<string>;
}

/** The token to ask for {@link IRuns} with. */
export const IRuns = new Token<IRuns>(
  'mlops-jlab:IRuns',
  'The table of runs: when it changes, and what is selected in it.'
);
