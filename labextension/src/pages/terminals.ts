/** Commands that go on for long, as watching and serving do, run in a terminal of JupyterLab: seen, and stopped there. */

import { JupyterFrontEnd } from '@jupyterlab/application';
import { PageConfig } from '@jupyterlab/coreutils';
import { Terminal } from '@jupyterlab/services';

/** What starts a command in a new terminal; nothing where the server allows none. */
export function inTerminalOf(
  app: Pick<JupyterFrontEnd, 'commands' | 'serviceManager'>
): ((command: string) => Promise<void>) | null {
  const { terminals } = app.serviceManager;
  if (!terminals.isAvailable()) {
    return null;
  }
  return async command => {
    const session = await terminals.startNew();
    await app.commands.execute('terminal:open', { name: session.name });
    await connected(session);
    session.send({ type: 'stdin', content: [`${command}\r`] });
    session.dispose(); // only our connection: the terminal that is seen has its own
  };
}

function connected(session: Terminal.ITerminalConnection): Promise<void> {
  if (session.connectionStatus === 'connected') {
    return Promise.resolve();
  }
  return new Promise(resolve => {
    const note = (): void => {
      if (session.connectionStatus === 'connected') {
        session.connectionStatusChanged.disconnect(note);
        resolve();
      }
    };
    session.connectionStatusChanged.connect(note);
  });
}

/** How the command line is called in a terminal of the server. */
export function program(): string {
  return PageConfig.getOption('mlopsJlabProgram') || 'mlops-jlab';
}

const PLAIN = /^[\w@%+=:,./-]+$/;

/** A word as a shell takes it for one. Pure. */
export function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`;
}
