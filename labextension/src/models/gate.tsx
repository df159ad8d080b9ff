/** What a gate said of a version, rule by rule. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { RuleResult, Version } from '../api/types';

const MARKS: Readonly<Record<string, string>> = {
  pass: '✓',
  fail: '✗',
  'not enough data': '?',
  'not judged': '?'
};

/** The verdict of a rule. One that passed because there was nothing to measure it by was not judged. Pure. */
export function verdictOf(
  rule: Pick<RuleResult, 'verdict' | 'estimate'>
): string {
  return rule.verdict === 'pass' && rule.estimate === null
    ? 'not judged'
    : rule.verdict;
}

/** Whether a rule was judged, one way or the other. Pure. */
export function isJudged(
  rule: Pick<RuleResult, 'verdict' | 'estimate'>
): boolean {
  return ['pass', 'fail'].includes(verdictOf(rule));
}

/** A verdict in one word, with its mark. */
export function Verdict(props: { verdict: string }): React.JSX.Element | null {
  const { verdict } = props;
  return verdict === '' ? null : (
    <span className="jp-mlops-verdict" data-verdict={verdict}>
      {MARKS[verdict]} {verdict}
    </span>
  );
}

/** An estimate with its interval, as far as there is one. */
export function interval(rule: RuleResult): string {
  const number = (value: number): string => String(+value.toPrecision(3));
  if (rule.estimate === null) {
    return '';
  }
  return rule.low === null || rule.high === null
    ? number(rule.estimate)
    : `${number(rule.estimate)} (${number(rule.low)} – ${number(rule.high)})`;
}

/** The rules of the gate, each with what it rests on. */
export function Gate(props: {
  version: Version;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { version, trans } = props;
  return version.rules.length === 0 ? null : (
    <table
      className="jp-mlops-gate"
      aria-label={trans.__('Gate of version %1', version.version)}
    >
      <tbody>
        {version.rules.map(rule => (
          <tr key={rule.rule} title={trans.__('%1 rows', rule.rows)}>
            <td data-verdict={verdictOf(rule)} aria-label={verdictOf(rule)}>
              {MARKS[verdictOf(rule)]}
            </td>
            <th scope="row">{rule.rule}</th>
            <td>
              {interval(rule)}
              <div className="jp-mlops-hint">{rule.why}</div>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
