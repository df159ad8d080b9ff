/** The commands for pipelines of several notebooks: one opens such a file, one makes it. */

import { PathExt } from '@jupyterlab/coreutils';

import { panelIcon } from '../icons/icons';
import { COMMANDS } from '../tokens';
import type { Parts } from './commands';
import { Address } from './page';

const FILES = '.jp-DirListing-item[data-isdir="false"]';
const OPEN_ARGS = {
  type: 'object',
  properties: {
    path: {
      type: 'string',
      description:
        'The file that names the notebooks; without one, the one selected in the file browser'
    }
  }
};
const NEW_ARGS = {
  type: 'object',
  properties: {
    notebooks: {
      type: 'array',
      items: { type: 'string' },
      description: 'The notebooks; without any, the notebook in front'
    }
  }
};

/** Whether a file may name notebooks. */
export function isFile(path: string): boolean {
  return ['.yaml', '.yml'].includes(PathExt.extname(path).toLowerCase());
}

/** The commands. */
export function addTogether(
  parts: Parts,
  show: (address: Address) => void
): void {
  const { app, palette, files, trans } = parts;
  const selected = (): string => {
    const items = files?.tracker.currentWidget?.selectedItems();
    return items ? (Array.from(items)[0]?.path ?? '') : '';
  };
  const pathOf = (path: unknown): string =>
    typeof path === 'string' ? path : selected();
  app.commands.addCommand(COMMANDS.openTogether, {
    label: trans.__('Open as Pipeline of Notebooks'),
    caption: trans.__('The notebooks that this file names, as one pipeline'),
    icon: panelIcon,
    describedBy: { args: OPEN_ARGS },
    isEnabled: ({ path }) => isFile(pathOf(path)),
    isVisible: ({ path }) => isFile(pathOf(path)),
    execute: ({ path }) => show({ kind: 'notebooks', path: pathOf(path) })
  });
  app.contextMenu.addItem({
    command: COMMANDS.openTogether,
    selector: FILES,
    rank: 2
  });
  addNew(parts, show);
  palette?.addItem({
    command: COMMANDS.newTogether,
    category: trans.__('MLOps')
  });
}

/** The command that makes such a file. */
function addNew(
  { app, tracker, trans }: Parts,
  show: (address: Address) => void
): void {
  const chosenOf = (notebooks: unknown): string[] => {
    const path = tracker.currentWidget?.context.path;
    return Array.isArray(notebooks) && notebooks.length > 0
      ? notebooks.map(String)
      : path === undefined
        ? []
        : [path];
  };
  app.commands.addCommand(COMMANDS.newTogether, {
    label: trans.__('New Pipeline of Several Notebooks…'),
    caption: trans.__('A file that names notebooks and what they hand over'),
    icon: panelIcon,
    describedBy: { args: NEW_ARGS },
    isEnabled: ({ notebooks }) => chosenOf(notebooks).length > 0,
    execute: async ({ notebooks }) => {
      const { make } = await import('../together/making');
      const { contents } = app.serviceManager;
      const path = await make(contents, chosenOf(notebooks), trans);
      if (path !== '') {
        show({ kind: 'notebooks', path });
      }
    }
  });
}
