/** What a gate said of a version: every rule as an interval against zero, better to the right. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Card } from '../elements';
import { interval, Verdict } from '../models/gate';
import { Interval } from '../models/interval';
import { Made } from './model';

const WIDTH = 240;

/** The card. A rule that was not judged is grey and says why. */
export function GateCard(props: {
  made: Made;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { made, trans } = props;
  const { rules, verdict, version } = made.version;
  if (rules.length === 0) {
    return null;
  }
  const judged = rules.filter(rule => rule.verdict !== 'not enough data');
  const passed = judged.filter(rule => rule.verdict === 'pass').length;
  return (
    <Card
      title={trans.__('Gate of %1 v%2', made.model, version)}
      hint={trans.__('%1 of %2 judged rules pass', passed, judged.length)}
      actions={<Verdict verdict={verdict} />}
    >
      <table className="jp-mlops-table">
        <tbody>
          {rules.map(rule => (
            <tr key={rule.rule} title={trans.__('%1 rows', rule.rows)}>
              <th scope="row">
                <Verdict verdict={rule.verdict} /> {rule.rule}
              </th>
              <td>
                <Interval
                  rule={rule}
                  width={WIDTH}
                  none={trans.__('Not judged')}
                />
              </td>
              <td data-numeric="true">
                {interval(rule) || rule.why}
                {interval(rule) && rule.why && (
                  <div className="jp-mlops-hint">{rule.why}</div>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
