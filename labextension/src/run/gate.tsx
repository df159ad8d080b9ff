/** What a gate said of a version: every rule as an interval against zero, better to the right. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { RuleResult } from '../api/types';
import { Card, State } from '../elements';
import { interval, isJudged, Verdict, verdictOf } from '../models/gate';
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
  const judged = rules.filter(isJudged);
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
                <State {...markOf(rule, trans)} /> {rule.rule}
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

/** The state that stands for the verdict of a rule; grey where there is none. */
function markOf(
  rule: RuleResult,
  trans: TranslationBundle
): { state: 'finished' | 'failed' | 'unknown'; word: string } {
  const verdict = verdictOf(rule);
  return verdict === 'pass'
    ? { state: 'finished', word: trans.__('Pass') }
    : verdict === 'fail'
      ? { state: 'failed', word: trans.__('Fail') }
      : { state: 'unknown', word: rule.why || trans.__('Not judged') };
}
