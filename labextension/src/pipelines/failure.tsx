/** A run that failed, as it is told above the graph: which step, why, and the ways on from there. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Last, Run, StepState } from '../api/types';
import { Button, State } from '../elements';
import { exactly, hasFailed, stateOf, took } from '../runs/words';

/** The step in which a run went wrong; nothing where no step is to blame. */
export function failedOf(last: Last): StepState | undefined {
  return last.steps.find(step => hasFailed(step.status));
}

/** How many steps of a run need not be computed again. */
export function keptOf(last: Last): number {
  return last.steps.filter(step => step.status === 'finished').length;
}

interface Props {
  last: Last;
  run: Run;
  onResume: (run: string) => void;
  onDebug: (run: string) => void;
  onOpen: (run: string) => void;
  trans: TranslationBundle;
}

/** The card. */
export function Failure(props: Props): React.JSX.Element {
  const { last, run, trans } = props;
  const now = Date.now() / 1000;
  const step = failedOf(last);
  const kept = keptOf(last);
  return (
    <div className="jp-mlops-failure" role="alert">
      <div className="jp-mlops-line">
        <State {...stateOf(run, trans)} />
        <button
          type="button"
          className="jp-mlops-link"
          title={trans.__('Open the page of the run')}
          onClick={() => props.onOpen(run.id)}
        >
          {step?.status === 'blocked'
            ? trans.__('%1 blocked by its data', step.name)
            : trans.__('%1 failed', step?.name ?? run.name)}
        </button>
        <span className="jp-mlops-gap" />
        <small
          className="jp-mlops-hint"
          title={trans.__('Began %1', exactly(run.started))}
        >
          {trans.__('after %1', took(run, now))}
        </small>
      </div>
      <pre>{step?.reason || run.reason}</pre>
      {last.resumable && kept > 0 && (
        <p className="jp-mlops-hint">
          {trans._n('%1 step is kept.', '%1 steps are kept.', kept)}
        </p>
      )}
      <div className="jp-mlops-line">
        {last.failed && (
          <Button
            accept
            label={trans.__('Open at Failure')}
            title={trans.__('The failing cell, with its inputs loaded')}
            onClick={() => props.onDebug(run.id)}
          />
        )}
        {last.resumable && (
          <Button
            label={trans.__('Resume')}
            title={trans.__('Go on from the step that failed')}
            onClick={() => props.onResume(run.id)}
          />
        )}
      </div>
    </div>
  );
}
