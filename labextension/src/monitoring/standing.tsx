/** How things stand by the policy: what would hold a retraining back now, and which schedule takes one up. */

import * as React from 'react';

import { Card, Command } from '../elements';
import { Pairs } from '../run/pairs';
import { seconds, when } from '../runs/words';
import type { Shown } from './page';

/** The card. */
export function Standing({
  around,
  history
}: Pick<Shown, 'around' | 'history'>): React.JSX.Element {
  const { trans } = around;
  const { policy, standing } = history;
  const now = Date.now() / 1000;
  const last =
    standing.last === null
      ? trans.__('never')
      : when(standing.last, now, trans);
  return (
    <Card
      title={trans.__('Retraining')}
      hint={trans.__('when drift or loss persists in two of three windows')}
    >
      <Pairs
        trans={trans}
        pairs={[
          { name: trans.__('Last requested'), value: last },
          {
            name: trans.__('Cooldown'),
            value:
              standing.until > now
                ? trans.__('%1 left', seconds(standing.until - now))
                : trans.__('over')
          },
          {
            name: trans.__('New rows since'),
            value: trans.__(
              '%1 of %2',
              standing.gathered.toLocaleString('en'),
              policy.min_rows.toLocaleString('en')
            )
          },
          {
            name: trans.__('Within seven days'),
            value: trans.__('%1 of %2', standing.lately, policy.per_week)
          }
        ]}
      />
      <TakenUp around={around} history={history} />
    </Card>
  );
}

/** The schedules that take a retraining up, or how to make one. */
function TakenUp({
  around,
  history
}: Pick<Shown, 'around' | 'history'>): React.JSX.Element {
  const { trans } = around;
  const { schedules } = history;
  return schedules.length === 0 ? (
    <>
      <p className="jp-mlops-hint">
        {trans.__(
          'No schedule retrains this model yet. Add one in a terminal:'
        )}
      </p>
      <Command
        text={`mlops-jlab schedule add NOTEBOOK --on-drift ${history.name}`}
      />
    </>
  ) : (
    <p className="jp-mlops-line">
      {trans.__('Retrained by')}
      {schedules.map(one => (
        <button
          key={one.name}
          type="button"
          className="jp-mlops-link"
          onClick={() => around.openSchedule(one.name)}
        >
          {one.paused ? trans.__('%1 (paused)', one.name) : one.name}
        </button>
      ))}
    </p>
  );
}
