/** The page of a watched model: drift of each column over time, one cell in full, the loss, and what happened. */

import * as React from 'react';

import { MonitoringHistory, MonitoringWindow } from '../api/types';
import { Fetched } from '../panel/fetched';
import { useFetched } from '../pages/fetched';
import { PageProblem } from '../pages/missing';
import type { Address, Sight } from '../pages/page';
import { Surroundings } from '../pages/surroundings';
import { Beside } from './beside';
import { Empty } from './empty';
import { Happenings } from './happenings';
import { Header } from './header';
import { LossChart } from './loss';
import { Services } from './services';
import { Standing } from './standing';
import { Strip } from './strip';

/** A cell of the strip: a window and a column. */
export interface Cell {
  window: number;
  column: string;
}

/** What every part of the page is given. */
export interface Shown {
  around: Surroundings;
  sight: Sight;
  fetched: Fetched<MonitoringHistory | null>;
  history: MonitoringHistory;
  /** How many windows are looked back. */
  reach: number;
  setReach: (reach: number) => void;
  cell: Cell | null;
  choose: (cell: Cell) => void;
}

/** The page. */
export default function MonitoringPage(props: {
  around: Surroundings;
  sight: Sight;
  address: Extract<Address, { kind: 'monitoring' }>;
}): React.JSX.Element {
  const { around, sight, address } = props;
  const { trans } = around;
  const [reach, setReach] = React.useState(20);
  const fetched = useFetched(around, sight, `${address.name} ${reach}`, () =>
    around.client.data.monitoringHistory(address.name, reach)
  );
  const [known, setKnown] = React.useState<MonitoringHistory | null>(null);
  React.useEffect(() => {
    if (fetched.value !== null) {
      setKnown(fetched.value);
    }
  }, [fetched.value]);
  const [chosen, choose] = React.useState<Cell | null>(null);
  const history = fetched.value ?? known;
  return (
    <div className="jp-mlops-monitoring">
      <PageProblem
        around={around}
        problem={fetched.problem}
        what={trans.__('There is no model %1', address.name)}
      />
      {history === null && !fetched.problem && (
        <p className="jp-mlops-empty" role="status">
          {trans.__('Loading…')}
        </p>
      )}
      {history && (
        <Body
          around={around}
          sight={sight}
          fetched={fetched}
          history={history}
          reach={reach}
          setReach={setReach}
          cell={stillThere(chosen, history) ?? worstOf(history)}
          choose={choose}
        />
      )}
    </div>
  );
}

function Body(props: Shown): React.JSX.Element {
  const { around, sight, history, cell } = props;
  return (
    <>
      <Header {...props} />
      <div className="jp-mlops-body jp-mlops-stack">
        {history.windows.length === 0 ? (
          <Empty {...props} />
        ) : (
          <div className="jp-mlops-watched">
            <div className="jp-mlops-stack">
              <Strip {...props} />
              <LossChart {...props} />
              <Standing {...props} />
            </div>
            <div className="jp-mlops-stack">
              {cell && <Beside {...props} cell={cell} />}
              <Happenings {...props} />
            </div>
          </div>
        )}
        <Services around={around} sight={sight} name={history.name} />
      </div>
    </>
  );
}

function stillThere(
  cell: Cell | null,
  { windows, columns }: MonitoringHistory
): Cell | null {
  const isThere =
    cell !== null &&
    windows.some(window => window.id === cell.window) &&
    columns.includes(cell.column);
  return isThere ? cell : null;
}

/** The cell that is looked at first: of the newest window with any, the column that has moved most. */
function worstOf({ windows, columns }: MonitoringHistory): Cell | null {
  const window: MonitoringWindow | undefined = [...windows]
    .reverse()
    .find(one => one.kept && columns.length > 0);
  if (window === undefined) {
    return null;
  }
  const times = window.cells.map(cell =>
    cell === null
      ? -1
      : (cell.drifted ? 1e6 : 0) + cell.effect / (cell.needed || 1)
  );
  const column = columns[times.indexOf(Math.max(...times))];
  return column === undefined ? null : { window: window.id, column };
}
