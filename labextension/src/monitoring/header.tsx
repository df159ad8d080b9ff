/** The head of a watched model: how it is in one line, how far one looks back, and what can be done. */

import * as React from 'react';

import { Button, Chip, Icon, Menu, Segments } from '../elements';
import { exactly, when } from '../runs/words';
import type { Shown } from './page';
import { verdictOf } from './story';

const REACHES = [20, 60, 100] as const;

/** The head. */
export function Header(props: Shown): React.JSX.Element {
  const { around, history } = props;
  const { trans } = around;
  const now = Date.now() / 1000;
  const { windows } = history;
  const champion = history.versions.find(one =>
    one.aliases.includes('champion')
  );
  const newest = windows[windows.length - 1];
  const verdict = verdictOf(history, trans);
  const rows = windows.reduce((sum, window) => sum + window.rows, 0);
  return (
    <header>
      <div className="jp-mlops-line">
        {newest && (
          <span data-bad={verdict.isBad} className="jp-mlops-mood">
            <Icon name={verdict.isBad ? 'warning' : 'check'} />
          </span>
        )}
        <h1>{trans.__('Monitoring of %1', history.name)}</h1>
        {champion ? (
          <span className="jp-mlops-made">
            {trans.__('champion v%1', champion.version)}
          </span>
        ) : (
          <Chip text={trans.__('no champion yet')} />
        )}
        <span className="jp-mlops-gap" />
        <Deeds {...props} />
      </div>
      <div className="jp-mlops-facts">
        {newest && (
          <>
            <b>{verdict.text}</b>
            <span>
              {trans.__(
                '%1 rows in %2 windows',
                rows.toLocaleString('en'),
                windows.length
              )}
            </span>
            <span title={exactly(newest.at)}>
              {trans.__('last data %1', when(newest.at, now, trans))}
            </span>
          </>
        )}
      </div>
    </header>
  );
}

function Deeds(props: Shown): React.JSX.Element {
  const { around, fetched, history, reach, setReach } = props;
  const { trans, client } = around;
  const schedule = history.schedules.find(one => !one.paused);
  return (
    <>
      {history.windows.length > 0 && (
        <Segments
          label={trans.__('Windows that are shown')}
          value={String(reach)}
          options={REACHES.map(
            count => [String(count), trans.__('%1 windows', count)] as const
          )}
          onChange={value => setReach(Number(value))}
        />
      )}
      {history.windows.length > 0 && (
        <Button
          label={trans.__('Retrain Now')}
          icon="run"
          disabled={schedule === undefined || !history.writable}
          title={
            schedule === undefined
              ? trans.__(
                  'No schedule takes up a retraining of %1: add one with “when it drifts”.',
                  history.name
                )
              : trans.__('Runs the schedule %1', schedule.name)
          }
          onClick={() =>
            void fetched.do(() =>
              client.changeSchedule('run', schedule?.name ?? '')
            )
          }
        />
      )}
      <Button
        label={trans.__('Model')}
        onClick={() => around.openModel(history.name)}
      />
      <Menu
        bare
        label={trans.__('More')}
        entries={[
          {
            label: trans.__('Copy Link'),
            act: () =>
              around.copyLink({ kind: 'monitoring', name: history.name })
          },
          ...history.schedules.map(one => ({
            label: trans.__('Open Schedule %1', one.name),
            act: () => around.openSchedule(one.name)
          }))
        ]}
      />
    </>
  );
}
