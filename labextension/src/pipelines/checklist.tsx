/** The way to a first pipeline, in three steps: tag, check, run. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button } from '../elements';

/** The list. Only its first step can be done while no cell is tagged. */
export function Checklist(props: {
  onSuggest: () => void;
  onTag: () => void;
  onExample: () => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { trans } = props;
  return (
    <div>
      <ol className="jp-mlops-checklist">
        <li aria-current="step">
          <b>{trans.__('Tag cells as steps')}</b>
          <p>
            {trans.__(
              'A step is one or more cells with a name. Run All works as before.'
            )}
          </p>
          <Button
            accept
            label={trans.__('Suggest Steps')}
            onClick={props.onSuggest}
          />{' '}
          <Button
            label={trans.__('Tag Cell')}
            title={trans.__('Alt+S in command mode')}
            onClick={props.onTag}
          />
        </li>
        <li>
          <b>{trans.__('Check')}</b>
          <p>
            {trans.__(
              'Finds what would fail in a fresh kernel, without running anything.'
            )}
          </p>
        </li>
        <li>
          <b>{trans.__('Run')}</b>
          <p>
            {trans.__(
              'Each step is kept with its values, figures and log. Unchanged steps are not run again.'
            )}
          </p>
        </li>
      </ol>
      <p className="jp-mlops-empty">
        <button
          type="button"
          className="jp-mlops-link"
          onClick={props.onExample}
        >
          {trans.__('Open the example notebook')}
        </button>
      </p>
    </div>
  );
}
