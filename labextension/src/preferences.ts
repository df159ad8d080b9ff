/** What a user has chosen in JupyterLab's settings editor, for all notebooks. */

import { ISettingRegistry } from '@jupyterlab/settingregistry';

/** For each setting, the class that the page wears while it is off; the styles do the rest. */
const WHEN_OFF = {
  cellMarks: 'jp-mlops-without-marks',
  cellFindings: 'jp-mlops-without-findings'
} as const;

/** Follows the settings of a plugin from now on. */
export async function followPreferences(
  registry: ISettingRegistry,
  plugin: string
): Promise<void> {
  const settings = await registry.load(plugin);
  const apply = (): void => {
    for (const [name, off] of Object.entries(WHEN_OFF)) {
      document.body.classList.toggle(
        off,
        settings.get(name).composite === false
      );
    }
  };
  settings.changed.connect(apply);
  apply();
}
