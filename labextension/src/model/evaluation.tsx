/** What a version does beyond its metrics: groups side by side, how sure it is, where it errs more, what it says by column. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Bounded, Evaluation, Fairness, Slices } from '../api/types';
import { Card, Choice, ProblemBox } from '../elements';
import { useFetched } from '../pages/fetched';
import type { Sight } from '../pages/page';
import { number } from '../runs/words';
import { Curve, Range, reach, rounded } from './ranges';
import { Shown } from './page';

/** The card. */
export function EvaluationOf(
  props: Shown & { sight: Sight }
): React.JSX.Element {
  const { around, sight, model, chosen } = props;
  const { trans } = around;
  const address = `${model.name}/${chosen.version}`;
  const fetched = useFetched(around, sight, address, () =>
    around.client.evaluation(address)
  );
  const found = fetched.value?.evaluation ?? null;
  return (
    <Card
      title={trans.__('Evaluation of v%1', chosen.version)}
      hint={
        found
          ? trans.__(
              'On %1 rows, with intervals of %2 %',
              found.rows.toLocaleString('en'),
              number((1 - found.alpha) * 100)
            )
          : undefined
      }
    >
      <ProblemBox problem={fetched.problem} />
      {found === null ? (
        <p className="jp-mlops-hint">
          {trans.__(
            'Nobody has evaluated this version. Call mlops_jlab.evaluate(%1, rows, target, groups=[…]).',
            JSON.stringify(address)
          )}
        </p>
      ) : (
        <Found found={found} trans={trans} />
      )}
    </Card>
  );
}

interface Told {
  found: Evaluation;
  trans: TranslationBundle;
}

function Found({ found, trans }: Told): React.JSX.Element {
  return (
    <>
      {found.fairness.length > 0 && (
        <Groups found={found} trans={trans} key={found.at} />
      )}
      <div className="jp-mlops-evaluation">
        {found.calibration && (
          <figure>
            <figcaption>
              <b>{trans.__('Calibration')}</b>
              {found.calibration.error && (
                <small>
                  {trans.__(
                    'error %1; up to %2 is chance',
                    bounded(found.calibration.error),
                    rounded(found.calibration.by_chance)
                  )}
                </small>
              )}
            </figcaption>
            <Curve
              name={trans.__('What is so, by what the model says')}
              points={found.calibration.curve.map(point => ({
                at: point.said,
                value: point.seen,
                low: point.low,
                high: point.high
              }))}
              isDiagonal
            />
          </figure>
        )}
        {found.dependence.map(one => (
          <figure key={one.column}>
            <figcaption>
              <b>{one.column}</b>
              <small>{trans.__('mean prediction')}</small>
            </figcaption>
            <Curve
              name={trans.__('Mean prediction by %1', one.column)}
              points={one.said.map((said, place) => ({
                at: one.values[place] ?? place,
                ...said
              }))}
            />
          </figure>
        ))}
      </div>
      {found.slices && <Worse found={found.slices} trans={trans} />}
    </>
  );
}

function Groups({ found, trans }: Told): React.JSX.Element | null {
  const [column, setColumn] = React.useState(found.fairness[0]?.column ?? '');
  const chosen =
    found.fairness.find(one => one.column === column) ?? found.fairness[0];
  if (chosen === undefined) {
    return null;
  }
  return (
    <>
      <div className="jp-mlops-line">
        <Choice
          label={trans.__('Groups by')}
          value={chosen.column}
          values={found.fairness.map(one => one.column)}
          names={Object.fromEntries(
            found.fairness.map(one => [one.column, one.column])
          )}
          onChange={setColumn}
        />
        <ul className="jp-mlops-criteria">
          {Object.entries(chosen.criteria).map(([name, value]) => (
            <li key={name}>
              <small>{wordsOf(name)}</small> {bounded(value)}
            </li>
          ))}
        </ul>
      </div>
      <GroupTable chosen={chosen} trans={trans} />
    </>
  );
}

function GroupTable(props: {
  chosen: Fairness;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { chosen, trans } = props;
  const rows = new Map(
    chosen.metrics.flatMap(metric =>
      metric.groups.map(group => [group.group, group.rows] as const)
    )
  );
  return (
    <div className="jp-mlops-wide" tabIndex={0}>
      <table
        className="jp-mlops-table"
        aria-label={trans.__('Rates by %1', chosen.column)}
      >
        <thead>
          <tr>
            <th scope="col">{chosen.column}</th>
            <th scope="col" data-numeric="true">
              {trans.__('Rows')}
            </th>
            {chosen.metrics.map(metric => (
              <th scope="col" key={metric.metric}>
                {wordsOf(metric.metric)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...rows].map(([group, count]) => (
            <tr key={group}>
              <th scope="row" title={group}>
                {group}
              </th>
              <td data-numeric="true">{count.toLocaleString('en')}</td>
              {chosen.metrics.map(metric => {
                const own = metric.groups.find(one => one.group === group);
                return (
                  <td key={metric.metric} title={own && bounded(own)}>
                    {own && (
                      <Range value={own} {...reach(metric.groups)}>
                        {rounded(own.value)}
                      </Range>
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Worse(props: {
  found: Slices;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { found, trans } = props;
  const sure = found.slices.filter(one => one.confirmed);
  return (
    <>
      <h2>{trans.__('Where it errs more')}</h2>
      {sure.length === 0 ? (
        <p className="jp-mlops-hint">
          {trans.__(
            'No slice is shown to be worse than the rest (%1 candidates).',
            found.candidates
          )}
        </p>
      ) : (
        <div className="jp-mlops-wide" tabIndex={0}>
          <table
            className="jp-mlops-table"
            aria-label={trans.__('Where it errs more')}
          >
            <thead>
              <tr>
                <th scope="col">{trans.__('Slice')}</th>
                <th scope="col" data-numeric="true">
                  {trans.__('Rows')}
                </th>
                <th scope="col" data-numeric="true">
                  {found.measure}
                </th>
                <th scope="col" data-numeric="true">
                  {trans.__('Elsewhere')}
                </th>
                <th scope="col">{trans.__('Difference')}</th>
              </tr>
            </thead>
            <tbody>
              {sure.map(one => (
                <tr key={one.rule}>
                  <th scope="row" title={one.rule}>
                    {one.rule}
                  </th>
                  <td data-numeric="true">{one.rows.toLocaleString('en')}</td>
                  <td data-numeric="true">{rounded(one.loss)}</td>
                  <td data-numeric="true">{rounded(one.rest)}</td>
                  <td>{bounded({ ...one, value: one.difference })}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </>
  );
}

const WORDS: Record<string, string> = {
  recall: 'true positive rate',
  mae: 'mean absolute error'
};

function wordsOf(name: string): string {
  return WORDS[name] ?? name.replace(/_/g, ' ');
}

function bounded(value: Bounded): string {
  return `${rounded(value.value)} (${rounded(value.low)} to ${rounded(value.high)})`;
}
