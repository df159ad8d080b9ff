/** What happened to a watched model: drift, loss, retrainings that were asked for or held back, promotions. */

import * as React from 'react';

import { Button, Card } from '../elements';
import { exactly } from '../runs/words';
import type { Shown } from './page';
import { dayOf, Happened, happenedIn, rangeOf } from './story';

const FEW = 5;

const SHAPES: Record<Happened['mark'], React.JSX.Element> = {
  warning: (
    <>
      <path className="jp-mod-filled" d="M8 2l6.500 11.500h-13z" />
      <path className="jp-mod-hollow" d="M8 6.500v3.200M8 11.700v.01" />
    </>
  ),
  good: (
    <>
      <circle className="jp-mod-filled" cx="8" cy="8" r="6.5" />
      <path className="jp-mod-hollow" d="M5 8.300l2.200 2.200L11 6" />
    </>
  ),
  fired: <path d="M13 8a5 5 0 1 1-1.500-3.500M13 2.500v3h-3" />,
  held: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M6.300 5.500v5M9.700 5.500v5" />
    </>
  ),
  promoted: <path d="M8 13V3.500M4 7l4-4 4 4" />
};

/** The card. */
export function Happenings({ around, history }: Shown): React.JSX.Element {
  const { trans } = around;
  const [all, setAll] = React.useState(false);
  const found = happenedIn(history, trans);
  const range = rangeOf(history.windows);
  return (
    <Card title={trans.__('What happened')}>
      {found.length === 0 && (
        <p className="jp-mlops-hint">
          {trans.__('Nothing: no column has drifted for long.')}
        </p>
      )}
      <ul className="jp-mlops-happened">
        {found.slice(0, all ? undefined : FEW).map(one => (
          <li key={`${one.mark} ${one.at} ${one.what}`} data-mark={one.mark}>
            <svg
              className="jp-mlops-icon"
              viewBox="0 0 16 16"
              aria-hidden="true"
            >
              {SHAPES[one.mark]}
            </svg>
            <div>
              {one.what}
              <div className="jp-mlops-hint" title={exactly(one.at)}>
                {[dayOf(one.at, range), one.why].filter(Boolean).join(': ')}
              </div>
            </div>
          </li>
        ))}
      </ul>
      {found.length > FEW && (
        <Button
          label={
            all ? trans.__('Show fewer') : trans.__('Show all %1', found.length)
          }
          onClick={() => setAll(!all)}
        />
      )}
    </Card>
  );
}
