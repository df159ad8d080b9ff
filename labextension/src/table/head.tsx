/** The heads of the columns: a click sorts, the edge resizes, dragging moves a column. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { WORKED_OUT } from '../runs/columns';
import { TableModel } from './model';
import { bandsOf, titleOf } from './query';
import { Layout, NAME } from './widths';

interface Props {
  model: TableModel;
  layout: Layout;
  trans: TranslationBundle;
}

/** What attributes are called. */
export function namesOf(trans: TranslationBundle): Record<string, string> {
  return {
    name: trans.__('Name'),
    status: trans.__('Status'),
    started: trans.__('Started'),
    duration: trans.__('Duration'),
    experiment: trans.__('Experiment'),
    kind: trans.__('Kind'),
    cpu: trans.__('Processor'),
    cost: trans.__('Cost'),
    user: trans.__('User'),
    source: trans.__('Notebook'),
    pipeline: trans.__('Pipeline'),
    note: trans.__('Note')
  };
}

/** The row of heads, below a row that says what is a metric, a parameter and a tag. */
export function Head(props: Props): React.JSX.Element {
  const { model, layout, trans } = props;
  const names = namesOf(trans);
  return (
    <div className="jp-mlops-grid-heads" role="presentation">
      <Bands {...props} />
      <div
        className="jp-mlops-grid-head"
        role="row"
        style={{ gridTemplateColumns: layout.template }}
      >
        {[NAME, ...model.columns].map(column => (
          <Column
            key={column}
            column={column}
            title={titleOf(column, names)}
            model={model}
            trans={trans}
          />
        ))}
      </div>
    </div>
  );
}

function Bands({ model, layout, trans }: Props): React.JSX.Element {
  const words: Record<string, string> = {
    metrics: trans.__('Metrics'),
    params: trans.__('Parameters'),
    tags: trans.__('Tags')
  };
  return (
    <div
      className="jp-mlops-grid-bands"
      role="row"
      style={{ gridTemplateColumns: layout.template }}
    >
      {bandsOf([NAME, ...model.columns]).map(({ kind, count }, place) => (
        <div
          key={place}
          role="columnheader"
          aria-colspan={count}
          data-kind={kind}
          style={{ gridColumn: `span ${count}` }}
        >
          {words[kind]}
        </div>
      ))}
    </div>
  );
}

function Column(props: {
  column: string;
  title: string;
  model: TableModel;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { column, title, model, trans } = props;
  const { sorting } = model.view;
  const isUsual = sorting.column === '' && column === 'started';
  const isSorted = sorting.column === column || isUsual;
  const sort = (): void =>
    model.show({
      sorting: { column, descending: isSorted ? !sorting.descending : true }
    });
  return (
    <div
      role="columnheader"
      aria-sort={
        isSorted ? (sorting.descending ? 'descending' : 'ascending') : 'none'
      }
      data-numeric={model.isNumber(column)}
      data-column={column}
      draggable={column !== NAME}
      onDragStart={event =>
        event.dataTransfer.setData('text/x-mlops-column', column)
      }
      onDragOver={event => event.preventDefault()}
      onDrop={event =>
        move(model, event.dataTransfer.getData('text/x-mlops-column'), column)
      }
    >
      <button
        type="button"
        disabled={WORKED_OUT.includes(column)}
        title={trans.__('Sort by %1', title)}
        onClick={sort}
      >
        {title}
        {isSorted && (sorting.descending ? ' ↓' : ' ↑')}
      </button>
      <span
        className="jp-mlops-grip"
        onPointerDown={event => startResizing(event, model, column)}
      />
    </div>
  );
}

/** Puts a column where another one stands. */
function move(model: TableModel, moved: string, before: string): void {
  const { columns } = model;
  if (moved === before || !columns.includes(moved)) {
    return;
  }
  const others = columns.filter(column => column !== moved);
  const place = Math.max(others.indexOf(before), 0);
  model.show({
    columns: [...others.slice(0, place), moved, ...others.slice(place)]
  });
}

function startResizing(
  event: React.PointerEvent,
  model: TableModel,
  column: string
): void {
  event.preventDefault();
  const from = event.clientX;
  const head = (event.target as HTMLElement).parentElement;
  const before = head?.offsetWidth ?? 0;
  const way = head && getComputedStyle(head).direction === 'rtl' ? -1 : 1;
  const onMove = (moved: PointerEvent): void =>
    model.show({
      widths: {
        ...model.view.widths,
        [column]: before + way * (moved.clientX - from)
      }
    });
  const onUp = (): void => {
    document.removeEventListener('pointermove', onMove);
    document.removeEventListener('pointerup', onUp);
  };
  document.addEventListener('pointermove', onMove);
  document.addEventListener('pointerup', onUp);
}
