/** The words that every part of the extension shares; this file imports nothing. */

/** The identifier under which JupyterLab knows the cell marks. */
export const MARKS_PLUGIN = 'mlops-jlab:cell-marks';

/** What a cell is in the pipeline. The Python package reads the same tags. */
export type Role =
  | { kind: 'step'; name: string; gate: boolean }
  | { kind: 'setup' }
  | { kind: 'parameters' }
  | { kind: 'conflict'; names: string[] };
