import { describe, expect, it } from 'vitest';

import { COMMANDS } from '../tokens';
import { addPipelineCommands, Parts } from './commands';

/** What a command was added with. */
interface Added {
  isEnabled(): boolean;
  execute(): Promise<void>;
}

describe('the commands of a pipeline', () => {
  it('act on the notebook in front, where it is seen what came of them', async () => {
    const added = new Map<string, Added>();
    const commands = { addCommand: added.set.bind(added) };
    const done: string[] = [];
    const tracker = { currentWidget: null as object | null };
    addPipelineCommands({
      app: { commands },
      tracker,
      palette: null,
      section: {
        run: () => Promise.resolve(void done.push('run')),
        check: () => void done.push('check'),
        sweep: () => Promise.resolve(void done.push('sweep')),
        schedule: () => Promise.resolve(void done.push('schedule'))
      },
      reveal: () => void done.push('reveal'),
      trans: { __: String }
    } as unknown as Parts);
    expect(added.get(COMMANDS.runPipeline)?.isEnabled()).toBe(false);
    tracker.currentWidget = {};
    expect(added.get(COMMANDS.runPipeline)?.isEnabled()).toBe(true);
    await added.get(COMMANDS.runPipeline)?.execute();
    await added.get(COMMANDS.checkPipeline)?.execute();
    expect(done).toEqual(['reveal', 'run', 'reveal', 'check']);
  });
});
