/** What the notebook of one step of a run is for, beside it: to look, not to tag. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

/** The step that a notebook replays, by its metadata; nothing where it replays none. */
export function stepOf(metadata: unknown): string | undefined {
  const { debug } = (metadata ?? {}) as { debug?: { step?: unknown } };
  return typeof debug?.step === 'string' ? debug.step : undefined;
}

/** The way on from here. */
export function Replay(props: {
  step: string;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { step, trans } = props;
  return (
    <ol className="jp-mlops-checklist" aria-label={trans.__('The way on')}>
      <li aria-current="step">
        <b>{trans.__('Look at step %1', step)}</b>
        <p>
          {trans.__(
            'Run these cells from the top: they load what the steps above made. Nothing is written back.'
          )}
        </p>
      </li>
      <li>
        <b>{trans.__('Mend it in its notebook')}</b>
        <p>
          {trans.__(
            'This is a copy: change the step in the notebook of the pipeline.'
          )}
        </p>
      </li>
      <li>
        <b>{trans.__('Run again there')}</b>
        <p>{trans.__('Steps that have not changed are kept.')}</p>
      </li>
    </ol>
  );
}
