/** What a run or a step of it has printed, and goes on printing. */

import { TranslationBundle } from '@jupyterlab/translation';
import { Poll } from '@lumino/polling';
import * as React from 'react';

import { Client } from '../api/client';
import { problemOf } from '../problems';

const EVERY = 1500; // milliseconds between two looks at what goes on

/** The end of a log; an empty `step` is the run itself. */
export function Printed(props: {
  client: Client;
  run: string;
  step: string;
  isOpen: boolean;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { client, run, step, isOpen, trans } = props;
  const [text, setText] = React.useState('');
  React.useEffect(() => {
    const ask = async (): Promise<void> => {
      try {
        setText((await client.log(run, step)).text);
      } catch (error) {
        setText(problemOf(error).message);
        throw error; // the next look is later
      }
    };
    const poll = new Poll({
      auto: false,
      factory: ask,
      frequency: {
        interval: isOpen ? EVERY : Poll.NEVER,
        backoff: true,
        max: 30_000
      },
      name: 'mlops-jlab:log',
      standby: 'when-hidden'
    });
    void poll.start();
    return () => poll.dispose();
  }, [run, step, isOpen]);
  return (
    <pre
      className="jp-mlops-log"
      tabIndex={0}
      aria-label={
        step ? trans.__('Log of step %1', step) : trans.__('Log of the run')
      }
    >
      {text || trans.__('It has printed nothing.')}
    </pre>
  );
}
