/** The commands that open the pages of registered data and of watched models. */

import { panelIcon } from '../icons/icons';
import { COMMANDS } from '../tokens';
import type { Parts } from './commands';
import { Address } from './page';

const MONITORING_ARGS = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'The registered model' }
  },
  required: ['name']
};
const DATA_ARGS = {
  type: 'object',
  properties: {
    name: {
      type: 'string',
      description: 'The registered data; without a name, the list of all'
    },
    version: {
      type: 'integer',
      description: 'The version that is shown; without one, the newest'
    }
  }
};

/** Adds the commands; the list of all data is in the palette too. */
export function addData(
  { app, palette, trans }: Parts,
  show: (address: Address) => void
): void {
  app.commands.addCommand(COMMANDS.openMonitoring, {
    label: trans.__('Open Monitoring'),
    caption: trans.__('Drift and loss of a model over time'),
    icon: panelIcon,
    describedBy: { args: MONITORING_ARGS },
    execute: ({ name }) => show({ kind: 'monitoring', name: String(name) })
  });
  app.commands.addCommand(COMMANDS.openData, {
    label: trans.__('Open Data'),
    caption: trans.__('Registered data, what they look like, who reads them'),
    icon: panelIcon,
    describedBy: { args: DATA_ARGS },
    execute: ({ name, version }) =>
      show({
        kind: 'data',
        name: String(name ?? ''),
        ...(typeof version === 'number' ? { version } : {})
      })
  });
  palette?.addItem({ command: COMMANDS.openData, category: trans.__('MLOps') });
}
