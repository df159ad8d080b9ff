/** One cell of the strip in full: how a column was distributed at fitting, and how it is in a window. */

import * as React from 'react';

import { ColumnLook, MonitoringColumn } from '../api/types';
import { Card, Menu, ProblemBox } from '../elements';
import { Distribution } from '../data/distribution';
import { missingOf, percent, valueOf } from '../data/words';
import { Problem, problemOf } from '../problems';
import { number } from '../runs/words';
import type { Cell, Shown } from './page';
import { dayOf, rangeOf, toldOf } from './story';

/** What the server knows of a cell; an answer that nobody waits for any more is dropped. */
function useCell({
  around,
  history,
  cell
}: Shown & { cell: Cell }): [MonitoringColumn | null, Problem | null] {
  const [found, setFound] = React.useState<MonitoringColumn | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  React.useEffect(() => {
    let isWanted = true;
    const set = (
      answer: MonitoringColumn | null,
      why: Problem | null
    ): void => {
      if (isWanted) {
        setFound(answer);
        setProblem(why);
      }
    };
    around.client.data
      .monitoringColumn(history.name, cell.window, cell.column)
      .then(
        answer => set(answer, null),
        error => set(null, problemOf(error))
      );
    return () => {
      isWanted = false;
    };
  }, [history.name, cell.window, cell.column]);
  return [found, problem];
}

/** The card. */
export function Beside(props: Shown & { cell: Cell }): React.JSX.Element {
  const { around, history, cell } = props;
  const { trans } = around;
  const [found, problem] = useCell(props);
  const window = history.windows.find(one => one.id === cell.window);
  const title = trans.__(
    '%1, %2',
    cell.column,
    dayOf(window?.at ?? 0, rangeOf(history.windows))
  );
  return (
    <Card
      title={title}
      actions={
        <Menu
          bare
          label={trans.__('More')}
          entries={[
            {
              label: trans.__('Open the Run of This Window'),
              disabled: window?.kept
                ? undefined
                : trans.__('The run of this window was deleted.'),
              act: () =>
                around.open({ id: window?.run ?? '', name: history.name })
            }
          ]}
        />
      }
    >
      <ProblemBox problem={problem} />
      {found && (
        <Values
          {...props}
          found={found}
          title={title}
          version={window?.version ?? 0}
        />
      )}
    </Card>
  );
}

function Values(
  props: Shown & { found: MonitoringColumn; title: string; version: number }
): React.JSX.Element {
  const { around, found, title, version } = props;
  const { trans } = around;
  const { bins, reference, current } = found;
  const names = [trans.__('at fitting'), trans.__('this window')];
  return (
    <>
      {bins.shares.length > 0 ? (
        <Distribution bins={bins} names={names} title={title} />
      ) : (
        <p className="jp-mlops-hint">
          {trans.__('No distribution for values of this kind.')}
        </p>
      )}
      <div className="jp-mlops-keys">
        <span data-which="before">
          {trans.__(
            'v%1 at fitting, %2 rows',
            version,
            reference.rows.toLocaleString('en')
          )}
        </span>
        <span data-which="now">
          {current
            ? trans.__(
                'this window, %1 rows',
                current.rows.toLocaleString('en')
              )
            : trans.__('this window: the column is gone')}
        </span>
        <span className="jp-mlops-gap" />
        {found.psi !== null && (
          <small title={trans.__('Population stability index')}>
            {`PSI ${found.psi.toFixed(2)}`}
          </small>
        )}
      </div>
      {bins.lengths && (
        <p className="jp-mlops-hint">
          {trans.__('Most values are rare: their lengths are compared.')}
        </p>
      )}
      {found.found.map(one => (
        <p key={one.test} className="jp-mlops-found" data-bad={one.drifted}>
          {toldOf(one.why)}
        </p>
      ))}
      <Numbers {...{ reference, current, names }} around={around} />
    </>
  );
}

/** The numbers of both, below one another. */
function Numbers(props: {
  around: Shown['around'];
  reference: ColumnLook;
  current: ColumnLook | null;
  names: readonly string[];
}): React.JSX.Element {
  const { around, reference, current, names } = props;
  const { trans } = around;
  const isTime = reference.kind === 'time';
  const hasNumbers = reference.kind === 'number' || isTime;
  const range = (reference.maximum ?? 0) - (reference.minimum ?? 0);
  const columns: (readonly [string, (look: ColumnLook) => string])[] = [
    [trans.__('Missing'), look => percent(missingOf(look))]
  ];
  if (hasNumbers) {
    columns.unshift(
      [trans.__('Mean'), look => valueOf(look.mean, isTime, range)],
      [trans.__('Median'), look => valueOf(look.middle, isTime, range)],
      [trans.__('Deviation'), look => (isTime ? '' : number(look.deviation))]
    );
  } else {
    columns.unshift([trans.__('Distinct'), look => number(look.distinct)]);
  }
  const rows = [reference, current]
    .map((look, place) => [names[place] ?? '', look] as const)
    .filter((row): row is readonly [string, ColumnLook] => row[1] !== null);
  return (
    <table className="jp-mlops-table">
      <thead>
        <tr>
          <td />
          {columns.map(([name]) => (
            <th key={name} scope="col" data-numeric="true">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(([name, look]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            {columns.map(([column, tell]) => (
              <td key={column} data-numeric="true">
                {tell(look)}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
