/** How the newest run of the pipeline went: its steps, what each printed, and what can be done now. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Client } from '../api/client';
import { Last, Run, StepState } from '../api/types';
import { Button, Choice } from '../elements';
import { problemOf } from '../problems';
import { markOf, took } from '../runs/words';

const EVERY = 1500;

interface Props {
  last: Last;
  client: Client;
  onResume: (run: string) => void;
  onCancel: (run: string) => void;
  onDebug: (run: string) => void;
  onOpen: (run: string) => void;
  trans: TranslationBundle;
}

/** The newest run. */
export function LastRun(props: Props): React.JSX.Element | null {
  const { last, trans } = props;
  const [step, setStep] = React.useState('');
  const { run } = last;
  if (run === null) {
    return null;
  }
  const isOpen = run.status === 'running' || run.status === 'pending';
  return (
    <div className="jp-mlops-last" data-status={run.status}>
      <Head {...props} run={run} isOpen={isOpen} />
      {!isOpen && run.reason && <pre>{run.reason}</pre>}
      <label>
        {trans.__('Log of')}{' '}
        <Choice
          label={trans.__('Log of')}
          value={step}
          values={['', ...last.steps.map(state => state.name)]}
          names={{
            '': trans.__('– none –'),
            ...Object.fromEntries(
              last.steps.map(state => [
                state.name,
                `${markOf(state.status)} ${state.name}`
              ])
            )
          }}
          onChange={setStep}
        />
      </label>
      {step && (
        <Log
          run={run.id}
          state={last.steps.find(state => state.name === step)}
          client={props.client}
          trans={trans}
        />
      )}
    </div>
  );
}

/** The run and what can be done with it. */
function Head(props: Props & { run: Run; isOpen: boolean }): React.JSX.Element {
  const { run, isOpen, last, trans } = props;
  return (
    <div className="jp-mlops-buttons">
      <span className="jp-mlops-mark">{markOf(run.status)}</span>
      <button className="jp-mlops-link" onClick={() => props.onOpen(run.id)}>
        {run.name}
      </button>
      <span>{took(run, Date.now() / 1000)}</span>
      {isOpen && (
        <Button
          label={trans.__('Cancel')}
          onClick={() => props.onCancel(run.id)}
        />
      )}
      {last.resumable && (
        <Button
          label={trans.__('Resume')}
          title={trans.__('Go on from the step that failed')}
          onClick={() => props.onResume(run.id)}
        />
      )}
      {!isOpen && last.failed && (
        <Button
          label={trans.__('Open at Failure')}
          title={trans.__('The failing cell, with its inputs loaded')}
          onClick={() => props.onDebug(run.id)}
        />
      )}
    </div>
  );
}

function Log(props: {
  run: string;
  state: StepState | undefined;
  client: Client;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { run, state, client, trans } = props;
  const [text, setText] = React.useState('');
  React.useEffect(() => {
    const ask = (): void => {
      client.log(run, state?.name ?? '').then(
        found => setText(found.text),
        error => setText(problemOf(error).message)
      );
    };
    ask();
    if (state?.status !== 'running') {
      return;
    }
    const timer = window.setInterval(ask, EVERY);
    return () => window.clearInterval(timer);
  }, [run, state?.name, state?.status]);
  return (
    <>
      {state?.reason && <pre role="alert">{state.reason}</pre>}
      <pre
        className="jp-mlops-log"
        tabIndex={0}
        aria-label={trans.__('Log of step %1', state?.name ?? '')}
      >
        {text || trans.__('It has printed nothing.')}
      </pre>
    </>
  );
}
