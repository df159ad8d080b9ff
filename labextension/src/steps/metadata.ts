/** The settings of steps in a notebook's metadata. */

import { INotebookModel } from '@jupyterlab/notebook';

import { without } from '../records';
import { Settings } from './settings';

const KEY = 'mlops_jlab';

/** The metadata of the notebook that is ours. */
interface Own {
  steps?: Record<string, Settings>;
  [key: string]: unknown;
}

function ownOf(model: INotebookModel | null | undefined): Own {
  return (model?.getMetadata(KEY) as Own | undefined) ?? {};
}

/** The settings of a step; none where nothing is said. */
export function settingsOf(
  model: INotebookModel | null | undefined,
  step: string
): Settings {
  return ownOf(model).steps?.[step] ?? {};
}

/** Writes the settings of a step; without any, nothing is said of it. */
export function writeSettings(
  model: INotebookModel | null | undefined,
  step: string,
  settings: Settings
): void {
  const own = ownOf(model);
  const others = without(own.steps ?? {}, step);
  const steps =
    Object.keys(settings).length > 0 ? { ...others, [step]: settings } : others;
  model?.setMetadata(KEY, { ...own, steps });
}
