/** How the run of the pipeline went: its steps, what each printed, and what can be done now. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Client } from '../api/client';
import { Last, Run } from '../api/types';
import { Button, Choice, State } from '../elements';
import { Printed } from '../runs/printed';
import {
  exactly,
  isOpen,
  lastedOf,
  markOf,
  stateOf,
  took,
  when
} from '../runs/words';

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
      <div className="jp-mlops-line">
        <Head {...props} run={run} />
        <Choice
          label={trans.__('Log of')}
          value={step}
          values={['', WHOLE, ...last.steps.map(one => one.name)]}
          names={{
            '': trans.__('Log'),
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
      </div>
      {!goesOn && run.reason && <pre>{run.reason}</pre>}
      <Ways {...props} run={run} isOpen={goesOn} />
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

/** How the run stands, in one line. */
function Head({ run, onOpen, trans }: Props & { run: Run }): React.JSX.Element {
  const now = Date.now() / 1000;
  return (
    <>
      <State {...stateOf(run, trans)} />
      <button
        className="jp-mlops-link"
        title={run.name}
        onClick={() => onOpen(run.id)}
      >
        {lastedOf(run.status, took(run, now), trans)}
      </button>
      <small className="jp-mlops-hint" title={exactly(run.started)}>
        {when(run.started, now, trans)}
      </small>
      <span className="jp-mlops-gap" />
    </>
  );
}

/** What can be done with the run now. */
function Ways(
  props: Props & { run: Run; isOpen: boolean }
): React.JSX.Element | null {
  const { run, isOpen, last, trans } = props;
  if (!isOpen && !last.resumable && !last.failed) {
    return null;
  }
  return (
    <div className="jp-mlops-line">
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
