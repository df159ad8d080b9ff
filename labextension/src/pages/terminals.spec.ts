import { Signal } from '@lumino/signaling';
import { describe, expect, it } from 'vitest';

import { inTerminalOf, quoted } from './terminals';

/** An application whose terminals connect when they are told to. */
function made(isAvailable: boolean): {
  app: Parameters<typeof inTerminalOf>[0];
  done: string[];
  connect: () => void;
} {
  const done: string[] = [];
  const session = {
    name: '1',
    connectionStatus: 'connecting',
    send: ({ content }: { content: string[] }) =>
      done.push(`type ${JSON.stringify(content[0])}`),
    dispose: () => done.push('dispose')
  };
  const connectionStatusChanged = new Signal(session);
  Object.assign(session, { connectionStatusChanged });
  const app = {
    serviceManager: {
      terminals: {
        isAvailable: () => isAvailable,
        startNew: () => Promise.resolve(session)
      }
    },
    commands: {
      execute: (command: string, { name }: { name: string }) =>
        Promise.resolve(done.push(`${command} ${name}`))
    }
  };
  const connect = (): void => {
    session.connectionStatus = 'connected';
    connectionStatusChanged.emit(undefined);
  };
  return {
    app: app as unknown as Parameters<typeof inTerminalOf>[0],
    done,
    connect
  };
}

describe('a command in a terminal', () => {
  it('is typed once the terminal is seen and answers', async () => {
    const { app, done, connect } = made(true);
    const started = inTerminalOf(app)?.('mlops-jlab monitor flights');
    await Promise.resolve();
    await Promise.resolve();
    expect(done).toEqual(['terminal:open 1']);
    await Promise.resolve();
    connect();
    await started;
    expect(done.slice(1)).toEqual([
      'type "mlops-jlab monitor flights\\r"',
      'dispose'
    ]);
  });

  it('is not offered where the server allows no terminals', () => {
    expect(inTerminalOf(made(false).app)).toBeNull();
  });

  it('takes a word for one, whatever is in it', () => {
    expect(quoted('flights@champion')).toBe('flights@champion');
    expect(quoted('incoming/*.csv')).toBe("'incoming/*.csv'");
    expect(quoted("it's; rm -rf $HOME")).toBe("'it'\\''s; rm -rf $HOME'");
    expect(quoted('')).toBe("''");
  });
});
