/** The commands that tag the selected cells of the notebook in front. */

import { JupyterFrontEnd } from '@jupyterlab/application';
import { InputDialog } from '@jupyterlab/apputils';
import { Cell } from '@jupyterlab/cells';
import { INotebookTracker, Notebook } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';

import { Client } from '../api/client';
import { stepIcon } from '../icons/icons';
import { COMMANDS } from '../tokens';
import { retag } from './retagging';
import { roleOf } from './roles';
import {
  asStepName,
  choose,
  Choice,
  isStepName,
  rename,
  stepNames,
  toggleGate
} from './tagging';

/** The cells that a command means: all that are selected. */
function selected(notebook: Notebook): Cell[] {
  return notebook.widgets.filter(
    (cell, place) =>
      notebook.isSelectedOrActive(cell) || place === notebook.activeCellIndex
  );
}

function namesOf(notebook: Notebook): string[] {
  return stepNames(
    notebook.widgets.map(cell => cell.model.getMetadata('tags'))
  );
}

/** Asks for a name, with those that exist to choose from; nothing if the user thinks better of it. */
async function askName(
  title: string,
  names: string[],
  first: string,
  trans: TranslationBundle
): Promise<string | null> {
  const answer = await InputDialog.getItem({
    title,
    label: trans.__('A lower-case letter, then letters, digits, - and _'),
    items: names,
    current: first,
    editable: true
  });
  const words = answer.button.accept ? (answer.value ?? '').trim() : '';
  const name = isStepName(words) ? words : asStepName(words);
  return name === '' ? null : name;
}

/** What a command does to the notebook in front; `name` may come with the call. */
type Execute = (notebook: Notebook, name?: string) => Promise<void> | void;

/** The commands of this file, each with its label. */
function commandsOf(
  trans: TranslationBundle
): [id: string, label: string, execute: Execute][] {
  const give = (choice: Choice): Execute => {
    return notebook =>
      retag(notebook, selected(notebook), tags => choose(tags, choice));
  };
  return [
    [
      COMMANDS.tagStep,
      trans.__('Add Cells to a Step…'),
      (notebook, name) => tagStep(notebook, name, trans)
    ],
    [COMMANDS.tagSetup, trans.__('Make Cells Setup'), give({ kind: 'setup' })],
    [
      COMMANDS.tagParameters,
      trans.__('Make Cell the Parameters'),
      give({ kind: 'parameters' })
    ],
    [
      COMMANDS.untag,
      trans.__('Take Cells out of the Pipeline'),
      give({ kind: 'none' })
    ],
    [
      COMMANDS.toggleGate,
      trans.__('Gate On or Off'),
      notebook => retag(notebook, selected(notebook), toggleGate)
    ],
    [
      COMMANDS.renameStep,
      trans.__('Rename Step…'),
      (notebook, name) => renameStep(notebook, name, trans)
    ]
  ];
}

async function tagStep(
  notebook: Notebook,
  given: string | undefined,
  trans: TranslationBundle
): Promise<void> {
  const cells = selected(notebook);
  const role = roleOf(notebook.activeCell?.model.getMetadata('tags'));
  const first = role?.kind === 'step' ? role.name : '';
  const title = trans.__('Which step?');
  const name = given ?? (await askName(title, namesOf(notebook), first, trans));
  if (name !== null) {
    retag(notebook, cells, tags => choose(tags, { kind: 'step', name }));
  }
}

async function renameStep(
  notebook: Notebook,
  given: string | undefined,
  trans: TranslationBundle
): Promise<void> {
  const role = roleOf(notebook.activeCell?.model.getMetadata('tags'));
  if (role?.kind !== 'step') {
    return;
  }
  const title = trans.__('A new name for step %1', role.name);
  const name = given ?? (await askName(title, [], role.name, trans));
  if (name !== null) {
    retag(notebook, notebook.widgets, tags => rename(tags, role.name, name));
  }
}

/** The command that proposes steps, and the one that opens a notebook where they are tagged already. */
function addProposals(
  app: JupyterFrontEnd,
  tracker: INotebookTracker,
  client: Client,
  trans: TranslationBundle
): void {
  const nothing = { args: { type: 'object', properties: {} } };
  app.commands.addCommand(COMMANDS.suggestSteps, {
    label: trans.__('Suggest Steps…'),
    describedBy: nothing,
    isEnabled: () => tracker.currentWidget !== null,
    execute: async () => {
      const panel = tracker.currentWidget;
      if (panel !== null) {
        const { suggestSteps } = await import('../pipelines/suggestion');
        await suggestSteps({ panel, client, trans });
      }
    }
  });
  app.commands.addCommand(COMMANDS.openExample, {
    label: trans.__('Open the Example of a Pipeline'),
    describedBy: nothing,
    execute: async () => {
      const { path } = await client.example();
      return app.commands.execute('docmanager:open', { path });
    }
  });
}

/** Adds the commands. Each takes the notebook in front, or does nothing without one. */
export function addTagging(
  app: JupyterFrontEnd,
  tracker: INotebookTracker,
  client: Client,
  trans: TranslationBundle
): void {
  addProposals(app, tracker, client, trans);
  for (const [id, label, execute] of commandsOf(trans)) {
    app.commands.addCommand(id, {
      label,
      isEnabled: () => tracker.currentWidget !== null,
      icon: id === COMMANDS.tagStep ? stepIcon : undefined,
      describedBy: {
        args: {
          type: 'object',
          properties: { name: { type: 'string', description: 'The step' } }
        }
      },
      execute: async args => {
        const notebook = tracker.currentWidget?.content;
        if (notebook) {
          const name = typeof args.name === 'string' ? args.name : undefined;
          await execute(notebook, name);
        }
      }
    });
  }
}
