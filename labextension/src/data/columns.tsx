/** Columns as a table: a line a column with its distribution; pressed, it shows it in large. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { ColumnBeside, ColumnDrift, ColumnLook } from '../api/types';
import { number } from '../runs/words';
import { Distribution, SmallDistribution } from './distribution';
import { missingOf, namesOf, percent, valueOf } from './words';

interface Props {
  columns: readonly ColumnBeside[];
  leftOut: number;
  /** How each has moved from what stands before it; empty where nothing does. */
  moved: readonly ColumnDrift[];
  /** What the two are called; empty where there is one. */
  names: readonly string[];
  trans: TranslationBundle;
}

/** The table. */
export function ColumnTable(props: Props): React.JSX.Element {
  const { columns, leftOut, names, trans } = props;
  const [open, setOpen] = React.useState('');
  const isCompared = names.length > 1;
  return (
    <div className="jp-mlops-wide">
      <table className="jp-mlops-table jp-mlops-column-table">
        <thead>
          <tr>
            <th scope="col">{trans.__('Column')}</th>
            <th scope="col">{trans.__('Distribution')}</th>
            <th scope="col" data-numeric="true">
              {trans.__('Missing')}
            </th>
            <th scope="col">{trans.__('Values')}</th>
            {isCompared && <th scope="col">{trans.__('Moved')}</th>}
          </tr>
        </thead>
        <tbody>
          {columns.map(column => (
            <Line
              key={column.name}
              {...props}
              column={column}
              isOpen={open === column.name}
              toggle={() => setOpen(open === column.name ? '' : column.name)}
            />
          ))}
        </tbody>
      </table>
      {leftOut > 0 && (
        <p className="jp-mlops-hint">
          {trans.__('%1 more columns are not shown', leftOut)}
        </p>
      )}
    </div>
  );
}

function Line(
  props: Props & { column: ColumnBeside; isOpen: boolean; toggle: () => void }
): React.JSX.Element {
  const { column, names, moved, isOpen, toggle, trans } = props;
  const isCompared = names.length > 1;
  const found = moved.filter(one => one.name === column.name);
  return (
    <>
      <tr onDoubleClick={toggle}>
        <th scope="row" title={`${column.name}: ${column.dtype}`}>
          <button
            type="button"
            className="jp-mlops-link"
            aria-expanded={isOpen}
            onClick={toggle}
          >
            {column.name}
          </button>{' '}
          <small>{column.kind}</small>
        </th>
        <td>
          {column.bins.shares.length > 0 && (
            <SmallDistribution
              bins={column.bins}
              names={names}
              title={column.name}
            />
          )}
        </td>
        <td data-numeric="true">
          <Missing column={column} before={column.before} />
        </td>
        <td title={valuesOf(column, trans)}>{valuesOf(column, trans)}</td>
        {isCompared && <Moved {...{ column, found, trans }} />}
      </tr>
      {isOpen && (
        <tr className="jp-mlops-opened">
          <td colSpan={isCompared ? 5 : 4}>
            <Distribution
              bins={column.bins}
              names={names}
              title={column.name}
              height={180}
            />
            <span className="jp-mlops-hint">{factsOf(column, trans)}</span>
          </td>
        </tr>
      )}
    </>
  );
}

function Missing(props: {
  column: ColumnLook;
  before: ColumnLook | null;
}): React.JSX.Element {
  const { column, before } = props;
  const now = percent(missingOf(column));
  const then = before === null ? now : percent(missingOf(before));
  return (
    <>
      {then !== now && <small>{`${then} → `}</small>}
      {column.missing === 0 && then === now ? <small>{now}</small> : now}
    </>
  );
}

function Moved(props: {
  column: ColumnBeside;
  found: readonly ColumnDrift[];
  trans: TranslationBundle;
}): React.JSX.Element {
  const { column, found, trans } = props;
  if (column.before === null) {
    return <td>{trans.__('new')}</td>;
  }
  const told = found.map(one => one.why.replace(/ \(p = .*\)$/, ''));
  return (
    <td
      className="jp-mlops-found"
      data-bad={found.some(one => one.drifted)}
      title={found.map(one => one.why).join('\n')}
    >
      {told.join('; ')}
    </td>
  );
}

/** The range of numbers and times; of categories the most frequent. */
function valuesOf(column: ColumnBeside, trans: TranslationBundle): string {
  const { kind, minimum, maximum, middle, bins } = column;
  if (kind === 'empty') {
    return trans.__('no values');
  }
  if (kind === 'number' || kind === 'time') {
    const isTime = kind === 'time';
    const range = (maximum ?? 0) - (minimum ?? 0);
    const at = (value: number | null): string => valueOf(value, isTime, range);
    return minimum === maximum
      ? trans.__('always %1', at(minimum))
      : trans.__('%1 to %2, median %3', at(minimum), at(maximum), at(middle));
  }
  if (bins.lengths) {
    return trans.__('texts, by their length');
  }
  const row = bins.shares[bins.shares.length - 1] ?? [];
  return namesOf(bins)
    .map((name, place) => [name, row[place] ?? 0] as const)
    .filter(([, share]) => share > 0)
    .sort((one, other) => other[1] - one[1])
    .slice(0, 3)
    .map(([name, share]) => `${name} ${percent(share)}`)
    .join(', ');
}

function factsOf(column: ColumnBeside, trans: TranslationBundle): string {
  return [
    trans.__('%1 rows', column.rows.toLocaleString('en')),
    column.dtype,
    column.distinct === null
      ? ''
      : trans.__('%1 different values', column.distinct.toLocaleString('en')),
    column.kind === 'number' && column.mean !== null
      ? trans.__(
          'mean %1, standard deviation %2',
          number(column.mean),
          number(column.deviation)
        )
      : ''
  ]
    .filter(Boolean)
    .join(' · ');
}
