/** What can be done with the pipeline of the notebook in front: commands for the menu, the palette and other extensions. */

import { JupyterFrontEnd } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';

import { COMMANDS } from '../tokens';
import type { PipelineSection } from './section';

/** What the commands work with. */
export interface Parts {
  app: Pick<JupyterFrontEnd, 'commands' | 'shell'>;
  tracker: Pick<INotebookTracker, 'currentWidget'>;
  palette: ICommandPalette | null;
  section: Pick<PipelineSection, 'run' | 'check' | 'sweep' | 'schedule'>;
  /** Shows the section, where it is said what came of a command. */
  reveal: () => void;
  trans: TranslationBundle;
}

/** Adds the commands. They need a notebook in front. */
export function addPipelineCommands(parts: Parts): void {
  const { app, tracker, palette, section, reveal, trans } = parts;
  const add = (command: string, label: string, act: () => unknown): void => {
    app.commands.addCommand(command, {
      label,
      describedBy: { args: { type: 'object', properties: {} } },
      isEnabled: () => tracker.currentWidget !== null,
      execute: async () => {
        reveal();
        await act();
      }
    });
    palette?.addItem({ command, category: trans.__('MLOps') });
  };
  add(COMMANDS.runPipeline, trans.__('Run Pipeline'), () => section.run());
  add(COMMANDS.checkPipeline, trans.__('Check Pipeline'), () =>
    section.check()
  );
  add(COMMANDS.newSweep, trans.__('New Sweep…'), () => section.sweep());
  add(COMMANDS.newSchedule, trans.__('New Schedule…'), () =>
    section.schedule()
  );
}
