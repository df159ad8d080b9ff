/** A button that lists the other runs of the experiment; the one that is chosen joins the comparison. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Run } from '../api/types';
import { Popover } from '../elements';
import { titleOf } from '../runs/words';

const MOST = 50;

/** The button. */
export function AddRun(props: {
  others: readonly Run[];
  onAdd: (run: Run) => void;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { others, trans } = props;
  return others.length === 0 ? null : (
    <Popover icon="plus" label={trans.__('Add Run')}>
      {close => (
        <Others
          {...props}
          onAdd={run => {
            close();
            props.onAdd(run);
          }}
        />
      )}
    </Popover>
  );
}

function Others(props: {
  others: readonly Run[];
  onAdd: (run: Run) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { others, onAdd, trans } = props;
  const [wanted, setWanted] = React.useState('');
  const found = others.filter(run =>
    titleOf(run).toLowerCase().includes(wanted.toLowerCase())
  );
  return (
    <div className="jp-mlops-choices">
      <input
        type="search"
        autoFocus
        aria-label={trans.__('Search runs')}
        placeholder={trans.__('Search %1 runs', others.length)}
        value={wanted}
        onChange={event => setWanted(event.target.value)}
      />
      <div className="jp-mlops-menu">
        {found.slice(0, MOST).map(run => (
          <button key={run.id} type="button" onClick={() => onAdd(run)}>
            {titleOf(run)}
          </button>
        ))}
      </div>
    </div>
  );
}
