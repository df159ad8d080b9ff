/** Drift as a strip of heat: a row a column, a cell a window; the cell that is pressed is looked at beside it. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ColumnDrift, MonitoringWindow } from '../api/types';
import { Button, Card, useWidth } from '../elements';
import { exactly } from '../runs/words';
import type { Cell, Shown } from './page';
import { dayOf, Level, levelOf, movedBy, rangeOf, toldOf } from './story';

const NAMES = 128;
const WIDEST = 56;
const NUMBERS = 30; // px of a cell from which its number has room
const FEW = 12;

/** The card. */
export function Strip(props: Shown): React.JSX.Element {
  const { around, history } = props;
  const { trans } = around;
  const [all, setAll] = React.useState(false);
  const { columns, windows } = history;
  const shown = all ? columns : shortened(columns);
  const hidden = columns.length - shown.length;
  return (
    <Card
      title={trans.__('Drift per column and window')}
      hint={trans.__(
        'against what the version was fitted on; choose a cell to see the values'
      )}
      actions={<Legend trans={trans} />}
    >
      <Table {...props} shown={shown} windows={windows} />
      {(hidden > 0 || all) && (
        <Button
          label={
            all
              ? trans.__('Show fewer')
              : trans.__('Show all %1 columns', columns.length)
          }
          onClick={() => setAll(!all)}
        />
      )}
      {history.left_out > 0 && (
        <p className="jp-mlops-hint">
          {trans.__('%1 more columns are not shown', history.left_out)}
        </p>
      )}
    </Card>
  );
}

/** The columns that have moved most, and what the model says. */
function shortened(columns: readonly string[]): readonly string[] {
  return columns.length <= FEW + 2
    ? columns
    : [
        ...columns.slice(0, FEW),
        ...columns.slice(-1).filter(name => name === 'prediction')
      ];
}

function Table(
  props: Shown & {
    shown: readonly string[];
    windows: readonly MonitoringWindow[];
  }
): React.JSX.Element {
  const { around, history, shown, windows, cell, choose } = props;
  const { trans } = around;
  const [host, width] = useWidth<HTMLDivElement>(760);
  const wide = Math.max(
    Math.min((width - NAMES) / Math.max(windows.length, 1), WIDEST),
    8
  );
  return (
    <div ref={host} className="jp-mlops-wide">
      <table
        className="jp-mlops-heat"
        style={{ width: NAMES + wide * windows.length }}
        onKeyDown={event => walk(event)}
      >
        <colgroup>
          <col style={{ width: NAMES }} />
          {windows.map(one => (
            <col key={one.id} />
          ))}
        </colgroup>
        <tbody>
          {shown.map(name => (
            <tr key={name}>
              <th scope="row" title={name}>
                {name}
              </th>
              {windows.map(window => (
                <Heat
                  key={window.id}
                  found={window.cells[history.columns.indexOf(name)] ?? null}
                  here={{ window: window.id, column: name }}
                  {...{ window, wide, cell, choose, trans }}
                />
              ))}
            </tr>
          ))}
        </tbody>
        <Days windows={windows} wide={wide} />
      </table>
    </div>
  );
}

/** When the windows were; as many moments as have room. */
function Days(props: {
  windows: readonly MonitoringWindow[];
  wide: number;
}): React.JSX.Element {
  const { windows, wide } = props;
  const last = windows.length - 1;
  const range = rangeOf(windows);
  const days = windows.map(one => dayOf(one.at, range));
  const each = Math.max(1, Math.ceil(44 / wide));
  return (
    <tfoot>
      <tr>
        <td />
        {windows.map((window, place) => (
          <td key={window.id} title={exactly(window.at)}>
            {(last - place) % each === 0 &&
              days[place] !== days[place + each] && <span>{days[place]}</span>}
          </td>
        ))}
      </tr>
    </tfoot>
  );
}

function Heat(props: {
  found: ColumnDrift | null;
  here: Cell;
  window: MonitoringWindow;
  wide: number;
  cell: Cell | null;
  choose: (cell: Cell) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { found, here, window, wide, cell, choose, trans } = props;
  if (found === null) {
    const why = window.kept
      ? trans.__('not judged')
      : trans.__('the run of this window was deleted');
    return <td data-level="unknown" title={`${here.column}: ${why}`} />;
  }
  const isChosen = cell?.window === here.window && cell.column === here.column;
  const said = `${here.column}, ${exactly(window.at)}: ${toldOf(found.why)}`;
  return (
    <td data-level={levelOf(found)} data-chosen={isChosen}>
      <button
        type="button"
        aria-pressed={isChosen}
        aria-label={said}
        title={said}
        tabIndex={isChosen ? 0 : -1}
        onClick={() => choose(here)}
      >
        {found.drifted && wide >= NUMBERS && movedBy(found)}
      </button>
    </td>
  );
}

const WAYS: Record<string, readonly [down: number, right: number]> = {
  ArrowDown: [1, 0],
  ArrowUp: [-1, 0],
  ArrowRight: [0, 1],
  ArrowLeft: [0, -1]
};

/** Arrows go from cell to cell. */
function walk(event: React.KeyboardEvent<HTMLTableElement>): void {
  const [down, right] = WAYS[event.key] ?? [0, 0];
  const td = (event.target as HTMLElement).closest('td');
  const row = td?.closest('tr');
  if (!td || !row || (down === 0 && right === 0)) {
    return;
  }
  event.preventDefault();
  const rows = [...event.currentTarget.rows];
  const other = rows[rows.indexOf(row) + down]?.cells[td.cellIndex + right];
  const button = other?.querySelector('button');
  button?.focus();
  button?.click();
}

function Legend({ trans }: { trans: TranslationBundle }): React.JSX.Element {
  const names: readonly (readonly [Level, string])[] = [
    ['none', trans.__('as before')],
    ['some', trans.__('half of what matters')],
    ['near', trans.__('may be chance')],
    ['drifted', trans.__('drifted')],
    ['far', trans.__('3 times that')]
  ];
  return (
    <span className="jp-mlops-heat-legend">
      {names.map(([level, name]) => (
        <span key={level}>
          <i data-level={level} />
          {name}
        </span>
      ))}
    </span>
  );
}
