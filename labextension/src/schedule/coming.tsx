/** The next five times of a schedule, as it is written now. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Card, ProblemBox } from '../elements';
import { Written } from '../schedules/wish';
import { exactly } from '../runs/words';
import { inWords, momentIn } from './moments';
import { Shown } from './page';

/** When something is due that no clock says. */
function withoutTime(
  { kind, data, drift }: Written,
  trans: TranslationBundle
): string {
  switch (kind) {
    case 'data':
      return trans.__('When the data changes: %1', data);
    case 'drift':
      return trans.__(
        'When monitoring finds that %1 drifts, or that its loss has risen.',
        drift
      );
    default:
      return trans.__('It is not due again.');
  }
}

/** The card. What is wrong with what is written stands here. */
export function Coming({
  around,
  written,
  previewed,
  isChanged
}: Shown): React.JSX.Element {
  const { trans } = around;
  const { found, problem, isOld } = previewed;
  const now = Date.now() / 1000;
  const zone = written.kind === 'every' ? '' : written.tz;
  return (
    <Card
      title={
        ['data', 'drift'].includes(written.kind)
          ? trans.__('Next run')
          : trans.__('Next five runs')
      }
      hint={[zone, isChanged ? trans.__('with your changes') : '']
        .filter(Boolean)
        .join(', ')}
    >
      <div
        aria-live="polite"
        data-old={isOld}
        className="jp-mlops-coming jp-mlops-wide"
      >
        <ProblemBox problem={problem} />
        {found && found.next.length === 0 && (
          <p className="jp-mlops-hint">{withoutTime(written, trans)}</p>
        )}
        {found && found.next.length > 0 && (
          <table className="jp-mlops-table">
            <tbody>
              {found.next.map(({ at, parameters }, place) => {
                const [day, clock] = momentIn(at, zone);
                const timed = Object.entries(parameters);
                return (
                  <tr key={at} title={exactly(at)}>
                    <td>{place + 1}</td>
                    <td>{day}</td>
                    <td>
                      <b>{clock}</b>
                    </td>
                    <td>{inWords(at - now, trans)}</td>
                    {timed.map(([name, value]) => (
                      <td key={name} title={name}>
                        {`${name} ${value}`}
                      </td>
                    ))}
                  </tr>
                );
              })}
            </tbody>
          </table>
        )}
      </div>
    </Card>
  );
}
