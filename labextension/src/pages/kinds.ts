/** The commands that open the pages of a pipeline, a model, a schedule, a sweep, a watched model and data. */

import { panelIcon } from '../icons/icons';
import { COMMANDS } from '../tokens';
import type { Parts } from './commands';
import { Address } from './page';

const MODEL_ARGS = {
  type: 'object',
  properties: {
    name: { type: 'string', description: 'The registered model' },
    version: {
      type: 'integer',
      description: 'The version whose card is shown; without one, the newest'
    },
    compare: { type: 'boolean', description: 'Beside the champion' }
  },
  required: ['name']
};
const SCHEDULE_ARGS = {
  type: 'object',
  properties: {
    name: {
      type: 'string',
      description: 'The schedule; without one, a new one of the notebook'
    },
    path: { type: 'string', description: 'The notebook of a new schedule' },
    parameters: {
      type: 'object',
      description: 'What its parameters are set to, as texts',
      additionalProperties: { type: 'string' }
    },
    drift: {
      type: 'string',
      description: 'The registered model on whose drift a new one is due'
    }
  }
};
const CANVAS_ARGS = {
  type: 'object',
  properties: {
    path: {
      type: 'string',
      description: 'The notebook; without one, the notebook in front'
    }
  }
};
const SWEEP_ARGS = {
  type: 'object',
  properties: {
    id: { type: 'string', description: 'The run of the sweep' },
    name: { type: 'string', description: 'What the page is called' },
    path: {
      type: 'string',
      description: 'Without a run: the notebook of a new sweep'
    }
  }
};

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

/** The command that shows the pipeline of a notebook in large. */
export function addCanvas(
  { app, tracker, palette, trans }: Parts,
  show: (address: Address) => void
): void {
  app.commands.addCommand(COMMANDS.openCanvas, {
    label: trans.__('Open Pipeline Canvas'),
    caption: trans.__('The steps of a notebook in large'),
    icon: panelIcon,
    describedBy: { args: CANVAS_ARGS },
    isEnabled: args =>
      typeof args.path === 'string' || tracker.currentWidget !== null,
    execute: args => {
      const path =
        typeof args.path === 'string'
          ? args.path
          : tracker.currentWidget?.context.path;
      if (path !== undefined) {
        show({ kind: 'canvas', path });
      }
    }
  });
  palette?.addItem({
    command: COMMANDS.openCanvas,
    category: trans.__('MLOps')
  });
}

/** The commands that show a registered model, and a schedule or a new one. */
export function addModelsAndSchedules(
  { app, trans }: Parts,
  show: (address: Address) => void
): void {
  app.commands.addCommand(COMMANDS.openModel, {
    label: trans.__('Open Model'),
    describedBy: { args: MODEL_ARGS },
    execute: ({ name, version, compare }) =>
      show({
        kind: 'model',
        name: String(name),
        ...(typeof version === 'number' ? { version } : {}),
        ...(compare === true ? { compare } : {})
      })
  });
  app.commands.addCommand(COMMANDS.openSchedule, {
    label: trans.__('Open Schedule'),
    describedBy: { args: SCHEDULE_ARGS },
    execute: ({ name, path, parameters, drift }) =>
      show({
        kind: 'schedule',
        name: String(name ?? ''),
        ...(path ? { path: String(path) } : {}),
        ...(drift ? { drift: String(drift) } : {}),
        ...(parameters
          ? { parameters: parameters as Record<string, string> }
          : {})
      })
  });
}

/** The command that shows a sweep, or the form of a new one. */
export function addSweeps(
  { app, trans }: Parts,
  show: (address: Address) => void
): void {
  app.commands.addCommand(COMMANDS.openSweep, {
    label: trans.__('Open Sweep'),
    describedBy: { args: SWEEP_ARGS },
    execute: ({ id, name, path }) =>
      show(
        id
          ? { kind: 'sweep', id: String(id), name: String(name ?? '') }
          : { kind: 'new-sweep', path: String(path) }
      )
  });
}

/** The commands that show a watched model, and registered data; the list of all data is in the palette too. */
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
