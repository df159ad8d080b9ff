/** How the run of the pipeline went: its steps, what each printed, and what can be done now. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Client } from '../api/client';
import { Last, Run } from '../api/types';
import { Button, Choice, State } from '../elements';
import { Printed } from '../runs/printed';
import {
  exactly,
  hasFailed,
  isOpen,
  lastedOf,
  markOf,
  stateOf,
  took,
  when
} from '../runs/words';
import { failedOf } from './failure';

const WHOLE = '.'; // stands for the run itself: no step is called so

interface Props {
  last: Last;
  client: Client;
  onResume: (run: string) => void;
  onCancel: (run: string) => void;
  onOpen: (run: string) => void;
  trans: TranslationBundle;
}

/** The run that is shown. Of one that failed, the log of the failed step is open. */
export function LastRun(props: Props): React.JSX.Element | null {
  const { last, trans } = props;
  const { run } = last;
  const failed = failedOf(last)?.name ?? '';
  const [step, setStep] = React.useState(failed);
  React.useEffect(() => setStep(failed), [run?.id, failed]);
  if (run === null) {
    return null;
  }
  const goesOn = isOpen(run.status);
  const state = last.steps.find(one => one.name === step);
  return (
    <div className="jp-mlops-last" data-status={run.status}>
      <div className="jp-mlops-line">
        {hasFailed(run.status) ? (
          <>
            <b>{trans.__('Log')}</b>
            <span className="jp-mlops-gap" />
          </>
        ) : (
          <RunLine {...props} run={run} />
        )}
        <Choice
          label={trans.__('Log of')}
          value={step}
          values={['', WHOLE, ...last.steps.map(one => one.name)]}
          names={{
            '': step === '' ? trans.__('Log') : trans.__('Hide'),
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
      {run.status === 'killed' && run.reason && <pre>{run.reason}</pre>}
      <Ways {...props} run={run} isOpen={goesOn} />
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
export function RunLine(props: {
  run: Run;
  onOpen: (id: string) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { run, onOpen, trans } = props;
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

/** What can be done with a run that goes on, or that was stopped. */
function Ways(
  props: Props & { run: Run; isOpen: boolean }
): React.JSX.Element | null {
  const { run, isOpen, last, trans } = props;
  const isStopped = run.status === 'killed' && last.resumable;
  return isOpen || isStopped ? (
    <div className="jp-mlops-line">
      {isOpen && (
        <Button
          label={trans.__('Cancel')}
          onClick={() => props.onCancel(run.id)}
        />
      )}
      {isStopped && (
        <Button
          icon="run"
          label={trans.__('Resume')}
          title={trans.__('Go on where the run was stopped')}
          onClick={() => props.onResume(run.id)}
        />
      )}
    </div>
  ) : null;
}
