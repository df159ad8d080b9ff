/** The words that every part of the extension shares; this file imports nothing. */

/** The identifier under which JupyterLab knows the cell marks. */
export const MARKS_PLUGIN = 'mlops-jlab:cell-marks';

/** The plugin with the commands that tag cells, and with the settings. */
export const TAGGING_PLUGIN = 'mlops-jlab:plugin';

/** The plugin with the panel in the sidebar. */
export const PANEL_PLUGIN = 'mlops-jlab:panel';

/** The commands, which other extensions may call. */
export const COMMANDS = {
  tagStep: 'mlops-jlab:tag-step',
  tagSetup: 'mlops-jlab:tag-setup',
  tagParameters: 'mlops-jlab:tag-parameters',
  toggleGate: 'mlops-jlab:toggle-gate',
  untag: 'mlops-jlab:untag',
  renameStep: 'mlops-jlab:rename-step',
  openPanel: 'mlops-jlab:open-panel'
} as const;

/** What a cell is in the pipeline. The Python package reads the same tags. */
export type Role =
  | { kind: 'step'; name: string; gate: boolean }
  | { kind: 'setup' }
  | { kind: 'parameters' }
  | { kind: 'conflict'; names: string[] };
