/** How the run of the pipeline went: its steps, what each printed, and what can be done now. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Client } from '../api/client';
import { Last, Run } from '../api/types';
import { Button, Choice } from '../elements';
import { Printed } from '../runs/printed';
import { isOpen, markOf, took } from '../runs/words';

const WHOLE = '.'; // stands for the run itself: no step is called so

interface Props {
  last: Last;
  client: Client;
  onResume: (run: string) => void;
  onCancel: (run: string) => void;
  onDebug: (run: string) => void;
  onOpen: (run: string) => void;
  trans: TranslationBundle;
}

/** The run that is shown. */
export function LastRun(props: Props): React.JSX.Element | null {
  const { last, trans } = props;
  const [step, setStep] = React.useState('');
  const { run } = last;
  if (run === null) {
    return null;
  }
  const goesOn = isOpen(run.status);
  const state = last.steps.find(one => one.name === step);
  return (
    <div className="jp-mlops-last" data-status={run.status}>
      <Head {...props} run={run} isOpen={goesOn} />
      {!goesOn && run.reason && <pre>{run.reason}</pre>}
      <label>
        {trans.__('Log of')}{' '}
        <Choice
          label={trans.__('Log of')}
          value={step}
          values={['', WHOLE, ...last.steps.map(one => one.name)]}
          names={{
            '': trans.__('– none –'),
            [WHOLE]: trans.__('the run itself'),
            ...Object.fromEntries(
              last.steps.map(one => [
                one.name,
                `${markOf(one.status)} ${one.name}`
              ])
            )
          }}
          onChange={setStep}
        />
      </label>
      {state?.reason && <pre role="alert">{state.reason}</pre>}
      {step && (
        <Printed
          client={props.client}
          run={run.id}
          step={step === WHOLE ? '' : step}
          isOpen={step === WHOLE ? goesOn : state?.status === 'running'}
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
