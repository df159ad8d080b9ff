/** Schedules in the panel: when they are due, how the last runs went, and changing them. */

import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Firing, Schedule, Schedules } from '../api/types';
import { Button, ProblemBox } from '../elements';
import { Fetched } from '../panel/fetched';

/** What can be done with a schedule. */
export type Change = 'pause' | 'resume' | 'remove' | 'run';

interface Props {
  schedules: Fetched<Schedules>;
  change: (what: Change, schedule: Schedule) => void;
  openRun: (id: string) => void;
  openSchedule: (name: string) => void;
  trans: TranslationBundle;
}

/** The section of the panel. */
export class SchedulesSection extends ReactWidget {
  constructor(private readonly _props: Props) {
    super();
    this.addClass('jp-mlops-schedules');
    this.title.label = _props.trans.__('Schedules');
  }

  protected override render(): React.JSX.Element {
    const { schedules, trans } = this._props;
    return (
      <UseSignal signal={schedules.changed}>
        {() => (
          <div>
            <ProblemBox problem={schedules.problem} />
            {schedules.value.schedules.length === 0 && !schedules.problem && (
              <p className="jp-mlops-empty">
                {trans.__(
                  'No schedules yet. Open a notebook with steps and press Schedule… in the section Pipeline.'
                )}
              </p>
            )}
            {schedules.value.schedules.map(schedule => (
              <OneSchedule
                key={schedule.name}
                schedule={schedule}
                {...this._props}
              />
            ))}
          </div>
        )}
      </UseSignal>
    );
  }
}

function OneSchedule(props: Props & { schedule: Schedule }): React.JSX.Element {
  const { schedule, trans } = props;
  const [next] = schedule.next;
  const coming = schedule.next
    .map(at => new Date(at * 1000).toLocaleString())
    .join('\n');
  return (
    <section className="jp-mlops-schedule" aria-label={schedule.name}>
      <h3>
        <button
          type="button"
          className="jp-mlops-link"
          title={trans.__('Open the page of %1', schedule.name)}
          onClick={() => props.openSchedule(schedule.name)}
        >
          {schedule.name}
        </button>
      </h3>
      <p title={coming}>
        {schedule.when}
        {'. '}
        {schedule.paused
          ? trans.__('Paused.')
          : next !== undefined &&
            trans.__('Next: %1', new Date(next * 1000).toLocaleString())}
      </p>
      <p className="jp-mlops-hint">
        {schedule.pin
          ? trans.__('Executes the notebook as it was when this was made.')
          : trans.__('Follows the notebook.')}
        {schedule.promote &&
          ` ${trans.__('What passes becomes %1.', schedule.promote)}`}
      </p>
      {schedule.changed && (
        <p className="jp-mlops-banner">
          {trans.__('Since this was made, %1.', schedule.changed)}
        </p>
      )}
      <Strip firings={schedule.firings} trans={trans} />
      <Newest {...props} />
      {schedule.gates.length > 0 && (
        <details>
          <summary>{trans.__('Gate: %1 rules', schedule.gates.length)}</summary>
          <ul className="jp-mlops-rules">
            {schedule.gates.map(rule => (
              <li key={rule}>{rule}</li>
            ))}
          </ul>
        </details>
      )}
      <Buttons {...props} />
    </section>
  );
}

/** The last firings as a strip, the newest at the right. */
function Strip(props: {
  firings: readonly Firing[];
  trans: TranslationBundle;
}): React.JSX.Element {
  const { firings, trans } = props;
  return (
    <ol className="jp-mlops-strip" aria-label={trans.__('The last runs')}>
      {[...firings].reverse().map(firing => (
        <li
          key={firing.due}
          data-status={firing.status}
          data-outcome={firing.outcome}
          title={`${new Date(firing.started * 1000).toLocaleString()}\n${firing.outcome}: ${firing.why}`}
        >
          <span>{firing.outcome}</span>
        </li>
      ))}
    </ol>
  );
}

/** The story of the newest firing, step by step. */
function Newest({
  schedule,
  openRun,
  trans
}: Props & { schedule: Schedule }): React.JSX.Element | null {
  const [newest] = schedule.firings;
  return newest === undefined ? null : (
    <details>
      <summary>
        {newest.status}: {newest.why}
      </summary>
      <table className="jp-mlops-story">
        <tbody>
          {newest.steps.map(step => (
            <tr key={`${step.step} ${step.at}`}>
              <th scope="row">{step.step}</th>
              <td>{step.outcome}</td>
              <td>{step.why}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {newest.run && (
        <Button
          label={trans.__('Open the Run')}
          onClick={() => openRun(newest.run)}
        />
      )}
    </details>
  );
}

function Buttons({
  schedules,
  schedule,
  change,
  trans
}: Props & { schedule: Schedule }): React.JSX.Element {
  const locked = !schedules.value.writable;
  const busy = schedule.firings[0]?.status === 'running';
  return (
    <div className="jp-mlops-buttons">
      <Button
        label={busy ? trans.__('Running…') : trans.__('Run Now')}
        accept
        disabled={locked || busy}
        onClick={() => change('run', schedule)}
      />
      <Button
        label={schedule.paused ? trans.__('Resume') : trans.__('Pause')}
        disabled={locked}
        onClick={() => change(schedule.paused ? 'resume' : 'pause', schedule)}
      />
      <Button
        label={trans.__('Remove…')}
        disabled={locked}
        onClick={() => change('remove', schedule)}
      />
    </div>
  );
}
