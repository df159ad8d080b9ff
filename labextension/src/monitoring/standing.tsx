/** How things stand by the policy: what would hold a retraining back now, and which schedule takes one up. */

import * as React from 'react';

import { Button, Card, useChanges } from '../elements';
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

/** Begins a schedule that is due when the model drifts, of the notebook that made it or the one that is open. */
export function ScheduleIt({
  around,
  history
}: Pick<Shown, 'around' | 'history'>): React.JSX.Element {
  const { trans, tracker } = around;
  useChanges(tracker.currentChanged);
  const path = history.notebook || tracker.currentWidget?.context.path || '';
  const why = !history.writable
    ? trans.__('The store is read only.')
    : path === ''
      ? trans.__('Open the notebook that fits the model first.')
      : '';
  return (
    <>
      <Button
        label={trans.__('Schedule Retraining…')}
        disabled={why !== ''}
        title={why || trans.__('Of %1', path)}
        onClick={() => around.openDriftSchedule(path, history.name)}
      />
      {why && <span className="jp-mlops-hint">{why}</span>}
    </>
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
    <p className="jp-mlops-line">
      <span className="jp-mlops-hint">
        {trans.__('No schedule retrains this model yet.')}
      </span>
      <ScheduleIt around={around} history={history} />
    </p>
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
