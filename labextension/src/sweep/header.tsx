/** The head of a sweep's page: how it went, the best trial, and what can be done with it. */

import * as React from 'react';

import { Trial } from '../api/types';
import { Button, Change, Chip, Menu, State } from '../elements';
import { exactly, number, stateOf, titleOf, took, when } from '../runs/words';
import { Shown } from './page';

const MOST_TILES = 5;

/** The head. */
export function Header(props: Shown): React.JSX.Element {
  const { around, sweep } = props;
  const { trans } = around;
  const now = Date.now() / 1000;
  const count = (keep: (trial: Trial) => boolean): number =>
    sweep.trials.filter(keep).length;
  const pruned = count(trial => trial.pruned !== '');
  const failed = count(trial => trial.status === 'failed');
  const searches: Record<string, string> = {
    grid: trans.__('Grid'),
    random: trans.__('Random'),
    bayes: trans.__('Bayesian search')
  };
  const facts = [
    [
      trans.__('%1 of %2 trials', sweep.trials.length, sweep.planned),
      pruned > 0 ? trans.__('%1 pruned', pruned) : '',
      failed > 0 ? trans.__('%1 failed', failed) : ''
    ]
      .filter(Boolean)
      .join(', '),
    searches[sweep.search] ?? '',
    trans.__('took %1', took(sweep.run, now)),
    sweep.metric === ''
      ? ''
      : sweep.minimize
        ? trans.__('minimizes %1', sweep.metric)
        : trans.__('maximizes %1', sweep.metric)
  ];
  return (
    <header>
      <div className="jp-mlops-line">
        <State {...stateOf(sweep.run, trans)} />
        <h1>{titleOf(sweep.run)}</h1>
        <Chip text={sweep.run.experiment} />
        <span className="jp-mlops-gap" />
        <Deeds {...props} />
      </div>
      <div className="jp-mlops-facts">
        {facts
          .filter(text => text !== '')
          .map(text => (
            <span key={text}>{text}</span>
          ))}
        <span title={exactly(sweep.run.started)}>
          {when(sweep.run.started, now, trans)}
        </span>
      </div>
    </header>
  );
}

/** The parameters of a trial as texts. */
function textsOf(trial: Trial): Record<string, string> {
  return Object.fromEntries(
    Object.entries(trial.parameters).map(([name, value]) => [
      name,
      String(value)
    ])
  );
}

function Deeds(props: Shown): React.JSX.Element {
  const { around, fetched, sweep, best, marked } = props;
  const { trans, client } = around;
  const chosen = sweep.trials.find(one => one.number === marked) ?? best;
  const why =
    sweep.path === ''
      ? trans.__('The notebook lies outside the server’s folder.')
      : chosen === undefined
        ? trans.__('No trial has finished yet.')
        : '';
  const isBest = chosen === best;
  const run = async (): Promise<void> => {
    if (chosen) {
      const parameters = textsOf(chosen);
      await fetched.do(async () => {
        const started = await client.execute(sweep.path, { parameters });
        around.open({ id: started.run, name: started.name });
      });
    }
  };
  return (
    <>
      <Button
        accept
        icon="run"
        label={
          isBest
            ? trans.__('Run Best')
            : trans.__('Run Trial %1', chosen?.number ?? 0)
        }
        disabled={why !== ''}
        title={why}
        onClick={() => void run()}
      />
      <Button
        label={trans.__('Use as Defaults')}
        disabled={why !== ''}
        title={
          why || trans.__('Writes the values into the notebook; not saved yet')
        }
        onClick={() =>
          chosen &&
          void fetched.do(() => around.setDefaults(sweep.path, textsOf(chosen)))
        }
      />
      <Button
        label={trans.__('More Trials')}
        disabled={sweep.path === ''}
        onClick={() => around.openNewSweep(sweep.path)}
      />
      <More {...props} />
    </>
  );
}

function More({ around, fetched, sweep }: Shown): React.JSX.Element {
  const { trans, client } = around;
  return (
    <Menu
      bare
      label={trans.__('More')}
      entries={[
        {
          label: trans.__('Copy Link'),
          act: () =>
            around.copyLink({ kind: 'sweep', id: sweep.run.id, name: '' })
        },
        {
          label: trans.__('Open Page of the Run'),
          act: () => around.open(sweep.run, true)
        },
        ...(['running', 'pending'].includes(sweep.run.status)
          ? [
              {
                label: trans.__('Stop'),
                act: () => void fetched.do(() => client.cancel(sweep.run.id))
              }
            ]
          : [])
      ]}
    />
  );
}

/** The best trial: its metric, and its parameters beside what the notebook says now. */
export function Tiles(props: Shown): React.JSX.Element | null {
  const { around, sweep, best, metric, minimize, order } = props;
  const { trans } = around;
  if (best === undefined) {
    return null;
  }
  const value = best.metrics[metric] ?? NaN;
  const middle = order[Math.floor(order.length / 2)]?.metrics[metric] ?? value;
  return (
    <div className="jp-mlops-tiles">
      <div className="jp-mlops-tile">
        <span title={metric}>
          {trans.__('Best %1, trial %2', metric, best.number)}
        </span>
        <b>{number(value)}</b>
        <Change
          difference={value - middle}
          direction={minimize ? 'lower' : 'higher'}
          text={number(Math.abs(value - middle))}
          words={{
            better: trans.__('better than the median, %1', number(middle)),
            worse: trans.__('worse than the median, %1', number(middle)),
            other: trans.__('the median is %1', number(middle))
          }}
        />
      </div>
      {sweep.names.slice(0, MOST_TILES - 1).map(name => (
        <div key={name} className="jp-mlops-tile">
          <span title={name}>{name}</span>
          <b>{number(best.parameters[name])}</b>
          {sweep.defaults[name] !== undefined && (
            <small>{trans.__('was %1', sweep.defaults[name])}</small>
          )}
        </div>
      ))}
    </div>
  );
}
