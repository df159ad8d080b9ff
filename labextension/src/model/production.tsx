/** How the model does on real data, at a glance: its loss against the limit, what drifts, the last look. */

import * as React from 'react';

import { Button, Card, Icon, ProblemBox } from '../elements';
import { capital, LossPicture, measuredOf } from '../monitoring/loss';
import { verdictOf } from '../monitoring/story';
import { useFetched } from '../pages/fetched';
import type { Sight } from '../pages/page';
import { exactly, when } from '../runs/words';
import { Shown } from './page';

const WINDOWS = 30;

/** The card; nothing before the server has answered. */
export function Production(
  props: Shown & { sight: Sight }
): React.JSX.Element | null {
  const { around, sight, model } = props;
  const { trans } = around;
  const fetched = useFetched(around, sight, model.name, () =>
    around.client.data.monitoringHistory(model.name, WINDOWS)
  );
  const history = fetched.value;
  if (history === null) {
    return fetched.problem && <ProblemBox problem={fetched.problem} />;
  }
  const newest = history.windows[history.windows.length - 1];
  const measured = measuredOf(history);
  const loss = measured[measured.length - 1]?.loss;
  return (
    <Card
      title={trans.__('In production')}
      hint={loss && trans.__('%1 per window', capital(loss.metric))}
      actions={
        <Button
          label={trans.__('Monitoring')}
          onClick={() => around.openMonitoring(model.name)}
        />
      }
    >
      {newest === undefined ? (
        <p className="jp-mlops-hint">
          {trans.__(
            'Nobody has looked at its data in use yet. Monitoring says how to watch them.'
          )}
        </p>
      ) : (
        <>
          <State history={history} trans={trans} />
          {loss && (
            <LossPicture
              windows={measured}
              moves={history.moves}
              trans={trans}
            />
          )}
          <p className="jp-mlops-hint" title={exactly(newest.at)}>
            {trans.__(
              'Last look %1: %2 rows of v%3',
              when(newest.at, Date.now() / 1000, trans),
              newest.rows.toLocaleString('en'),
              newest.version
            )}
          </p>
        </>
      )}
    </Card>
  );
}

/** What drifts and since when, in one line, with a mark. */
function State(props: {
  history: Parameters<typeof verdictOf>[0];
  trans: Parameters<typeof verdictOf>[1];
}): React.JSX.Element {
  const { text, isBad } = verdictOf(props.history, props.trans);
  return (
    <div className="jp-mlops-line">
      <span data-bad={isBad} className="jp-mlops-mood">
        <Icon name={isBad ? 'warning' : 'check'} />
      </span>
      <b>{text}</b>
    </div>
  );
}
