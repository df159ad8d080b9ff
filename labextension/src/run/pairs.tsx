/** Names and values, one a line. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

/** One line. `was` is what the baseline has instead. */
export interface Pair {
  name: string;
  value: React.ReactNode;
  was?: string;
}

/** The lines; what differs from the baseline is bold. */
export function Pairs(props: {
  pairs: readonly Pair[];
  trans: TranslationBundle;
}): React.JSX.Element | null {
  return props.pairs.length === 0 ? null : (
    <dl className="jp-mlops-pairs">
      {props.pairs.map(({ name, value, was }) => (
        <React.Fragment key={name}>
          <dt title={name}>{name}</dt>
          <dd title={typeof value === 'string' ? value : undefined}>
            {was === undefined ? value : <b>{value}</b>}
            {was !== undefined && (
              <small>{props.trans.__('was %1', was)}</small>
            )}
          </dd>
        </React.Fragment>
      ))}
    </dl>
  );
}
