/** A version on trial beside the one that is served: what was compared, and how much of it is shown. */

import * as React from 'react';

import { Service, TrialStanding } from '../api/types';
import { percent } from '../data/words';
import { Card, Chip } from '../elements';
import { Surroundings } from '../pages/surroundings';

/** The card. */
export function TrialCard(props: {
  around: Surroundings;
  service: Service;
}): React.JSX.Element | null {
  const { around, service } = props;
  const { trans } = around;
  const { trial } = service;
  if (trial === null) {
    return null;
  }
  const { standing } = trial;
  const title =
    trial.kind === 'shadow'
      ? trans.__('v%1 in the shadow of v%2', trial.candidate, service.version)
      : trans.__(
          'v%1 as canary beside v%2, with %3 of the requests',
          trial.candidate,
          service.version,
          percent(trial.share)
        );
  return (
    <Card
      title={title}
      hint={trans.__(
        '%1 requests that both were asked, %2 rows with labels',
        (standing?.pairs ?? 0).toLocaleString('en'),
        (standing?.labelled ?? 0).toLocaleString('en')
      )}
      actions={<Chip text={verdictOf(trial, trans)} />}
    >
      {standing === null ? (
        <p className="jp-mlops-hint">{trans.__('Nothing was compared yet.')}</p>
      ) : (
        <Findings around={around} standing={standing} />
      )}
    </Card>
  );
}

/** What was compared, a line each, with how far its evidence has come. */
function Findings(props: {
  around: Surroundings;
  standing: TrialStanding;
}): React.JSX.Element {
  const { trans } = props.around;
  return (
    <table className="jp-mlops-trial">
      <thead>
        <tr>
          <th>{trans.__('Compared')}</th>
          <th>{trans.__('What was seen')}</th>
          <th>{trans.__('Evidence')}</th>
        </tr>
      </thead>
      <tbody>
        {props.standing.findings.map(one => (
          <tr key={`${one.what} ${one.why}`}>
            <td>{one.what}</td>
            <td>{one.why}</td>
            <td>
              <meter
                min={0}
                max={1}
                value={shown(one.evidence, one.wanted)}
                title={trans.__(
                  '%1 of the %2 that decide',
                  short(one.evidence),
                  short(one.wanted)
                )}
              />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function verdictOf(
  trial: NonNullable<Service['trial']>,
  trans: Surroundings['trans']
): string {
  const { standing, on } = trial;
  if (standing?.verdict === 'worse') {
    return trans.__('worse: rolled back');
  }
  if (standing?.verdict === 'better') {
    return trans.__('shown to be better');
  }
  return on ? trans.__('goes on') : trans.__('is over');
}

/** How far evidence has come, on the scale on which it grows: none is 1, what decides is 1 / level. */
function shown(evidence: number, wanted: number): number {
  return Math.min(
    1,
    Math.max(0, Math.log(Math.max(evidence, 1)) / Math.log(wanted))
  );
}

function short(evidence: number): string {
  return evidence >= 1e6 ? '> 1,000,000' : evidence.toPrecision(3);
}
