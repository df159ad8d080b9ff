/** What became of each time that a schedule was due: a strip whose shapes and colors tell, and the last ones in words. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Firing, ScheduleDetail } from '../api/types';
import { Button, Card } from '../elements';
import { exactly, seconds, when } from '../runs/words';
import { Shown } from './page';

const FEW = 6;
const STRIP = 60;

type Outcome = Firing['outcome'];

const SHAPES: Record<Outcome, string> = {
  promoted: 'M8 12V4M4.500 7.500L8 4l3.500 3.500',
  kept: 'M4.500 8.300l2.500 2.500 4.500-5',
  finished: 'M4.500 8.300l2.500 2.500 4.500-5',
  'not enough data': 'M4.500 8h.01M8 8h.01M11.500 8h.01',
  failed: 'M5 5l6 6M11 5l-6 6',
  missed: 'M4.500 8h7',
  running: 'M8 4.500V8l2.500 1.500',
  waiting: 'M8 4.500V8l2.500 1.500'
};

/** The outcomes by name. */
function namesOf(trans: TranslationBundle): Record<Outcome, string> {
  return {
    promoted: trans.__('promoted'),
    kept: trans.__('champion kept'),
    'not enough data': trans.__('not enough data'),
    finished: trans.__('finished'),
    failed: trans.__('failed'),
    missed: trans.__('missed'),
    running: trans.__('running'),
    waiting: trans.__('tried again')
  };
}

/** The card. */
export function History(
  props: Shown & { detail: ScheduleDetail }
): React.JSX.Element {
  const { around, detail } = props;
  const { trans } = around;
  const [all, setAll] = React.useState(false);
  const { firings } = detail;
  const names = namesOf(trans);
  return (
    <Card
      title={trans.__('History')}
      hint={
        firings.length === 0
          ? trans.__('it has not been due yet')
          : trans._n('%1 firing', '%1 firings', firings.length, firings.length)
      }
      actions={<Legend firings={firings} trans={trans} />}
    >
      {firings.length > 0 && (
        <>
          <ol className="jp-mlops-fires" aria-label={trans.__('History')}>
            {firings
              .slice(0, STRIP)
              .reverse()
              .map(one => (
                <li key={one.due} title={`${exactly(one.started)}\n${one.why}`}>
                  <Fire outcome={one.outcome} word={names[one.outcome]} />
                </li>
              ))}
          </ol>
          <Rows {...props} firings={all ? firings : firings.slice(0, FEW)} />
          {firings.length > FEW && (
            <Button
              label={
                all
                  ? trans.__('Show fewer')
                  : trans.__('Show all %1', firings.length)
              }
              onClick={() => setAll(!all)}
            />
          )}
        </>
      )}
    </Card>
  );
}

/** How often each outcome came about. */
function Legend(props: {
  firings: readonly Firing[];
  trans: TranslationBundle;
}): React.JSX.Element {
  const { firings, trans } = props;
  const names = namesOf(trans);
  const counts = (Object.keys(names) as Outcome[])
    .map(outcome => ({
      outcome,
      count: firings.filter(one => one.outcome === outcome).length
    }))
    .filter(({ count }) => count > 0);
  return (
    <span className="jp-mlops-legend">
      {counts.map(({ outcome, count }) => (
        <span key={outcome} className="jp-mlops-line">
          <Fire outcome={outcome} word={names[outcome]} />
          <small>{`${names[outcome]} ${count}`}</small>
        </span>
      ))}
    </span>
  );
}

/** One outcome: its shape, its color and its word. */
function Fire(props: { outcome: Outcome; word: string }): React.JSX.Element {
  return (
    <span
      className="jp-mlops-fire"
      data-outcome={props.outcome}
      role="img"
      aria-label={props.word}
    >
      <svg className="jp-mlops-icon" viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[props.outcome]} />
      </svg>
    </span>
  );
}

function Rows({
  around,
  firings
}: Shown & { firings: readonly Firing[] }): React.JSX.Element {
  const { trans } = around;
  const [open, setOpen] = React.useState('');
  return (
    <div className="jp-mlops-wide">
      <table className="jp-mlops-table" aria-label={trans.__('Firings')}>
        <thead>
          <tr>
            <th scope="col">{trans.__('Fired')}</th>
            <th scope="col">{trans.__('What came of it')}</th>
            <th scope="col">{trans.__('Run')}</th>
            <th scope="col" data-numeric="true">
              {trans.__('Took')}
            </th>
          </tr>
        </thead>
        <tbody>
          {firings.map(one => (
            <React.Fragment key={one.due}>
              <Row
                around={around}
                firing={one}
                isOpen={one.due === open}
                toggle={() => setOpen(one.due === open ? '' : one.due)}
              />
              {one.due === open && <Story firing={one} />}
            </React.Fragment>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row(props: {
  around: Shown['around'];
  firing: Firing;
  isOpen: boolean;
  toggle: () => void;
}): React.JSX.Element {
  const { around, firing, isOpen, toggle } = props;
  const { trans } = around;
  const now = Date.now() / 1000;
  const word = namesOf(trans)[firing.outcome];
  return (
    <tr>
      <td title={exactly(firing.started)}>
        <span className="jp-mlops-line">
          <Fire outcome={firing.outcome} word={word} />
          {when(firing.started, now, trans)}
        </span>
      </td>
      <td title={firing.why}>
        <button
          type="button"
          className="jp-mlops-told"
          aria-expanded={isOpen}
          onClick={toggle}
        >
          {firing.why || word}
        </button>
      </td>
      <td>
        {firing.run === '' ? (
          <span className="jp-mlops-hint">{trans.__('not run')}</span>
        ) : (
          <button
            type="button"
            className="jp-mlops-link"
            onClick={() => around.open({ id: firing.run, name: '' })}
          >
            {trans.__('Open the Run')}
          </button>
        )}
      </td>
      <td data-numeric="true">
        {firing.ended === null ? '' : seconds(firing.ended - firing.started)}
      </td>
    </tr>
  );
}

/** A firing step by step. */
function Story({ firing }: { firing: Firing }): React.JSX.Element {
  return (
    <>
      {firing.steps.map(step => (
        <tr key={`${step.step} ${step.at}`} className="jp-mlops-story-line">
          <td>{step.step}</td>
          <td colSpan={3} title={step.why}>
            {[step.outcome, step.why].filter(Boolean).join(': ')}
          </td>
        </tr>
      ))}
    </>
  );
}
