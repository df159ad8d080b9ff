/** What is left of the error budget of the rows that a schedule judges on. */

import * as React from 'react';

import { ScheduleDetail } from '../api/types';
import { Card } from '../elements';
import { number, when } from '../runs/words';
import { Shown } from './page';

/** The card; nothing before a gate has judged. */
export function Budget({
  around,
  detail
}: Shown & { detail: ScheduleDetail }): React.JSX.Element | null {
  const { trans } = around;
  const now = Date.now() / 1000;
  if (detail.budget.length === 0) {
    return null;
  }
  return (
    <Card
      title={trans.__('Error budget left')}
      hint={trans.__('the chance of a wrong promotion on the same rows')}
    >
      {detail.budget.map(one => (
        <div key={`${one.model} ${one.evaluation}`}>
          <div className="jp-mlops-line">
            <button
              type="button"
              className="jp-mlops-link"
              onClick={() => around.openModel(one.model)}
            >
              {one.model}
            </button>
            <span className="jp-mlops-gap" />
            <b>
              {trans.__(
                '%1 % of %2 %',
                number(one.left * 100),
                number(one.budget * 100)
              )}
            </b>
          </div>
          <meter
            min={0}
            max={one.budget || 1}
            value={one.left}
            aria-label={trans.__('Error budget left for %1', one.model)}
          />
          <div className="jp-mlops-hint">
            {trans.__(
              '%1 rows, used %2 times; the comparison of %3 spent %4 %. New rows have a budget of their own.',
              one.rows.toLocaleString('en'),
              number(one.use),
              when(one.at, now, trans),
              number(one.spent * 100)
            )}
          </div>
        </div>
      ))}
    </Card>
  );
}
