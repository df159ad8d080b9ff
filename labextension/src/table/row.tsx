/** One row of the table: the head of a group, or a run with its eye, its color and its values. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Run } from '../api/types';
import { Icon, IconButton, Spark, State } from '../elements';
import { cellOf, splitColumn } from '../runs/columns';
import { hueAt, HUES } from '../runs/marked';
import { calledAs, aligned, exactly, stateOf, took, when } from '../runs/words';
import { Entry } from './entries';
import { namesOf } from './head';
import { TableModel } from './model';
import { titleOf } from './query';
import { Actions } from './rows';

interface Props {
  id: string;
  entry: Entry;
  place: number;
  top: number;
  columns: readonly string[];
  /** The metrics whose course is drawn. */
  courses: readonly string[];
  template: string;
  model: TableModel;
  actions: Actions;
  trans: TranslationBundle;
}

/** The row. */
export function Row(props: Props): React.JSX.Element {
  return props.entry.kind === 'group' ? (
    <Group {...props} entry={props.entry} />
  ) : (
    <RunRow {...props} entry={props.entry} />
  );
}

function Group(
  props: Props & { entry: Entry & { kind: 'group' } }
): React.JSX.Element {
  const { entry, model, trans, columns } = props;
  const field = titleOf(entry.field, namesOf(trans));
  const more = model.hasMore ? '+' : '';
  return (
    <div
      id={props.id}
      className="jp-mlops-grid-group"
      role="row"
      aria-level={entry.level + 1}
      aria-expanded={entry.isOpen}
      data-active={props.place === model.active}
      style={{ top: props.top, gridTemplateColumns: props.template }}
      onClick={() => {
        model.go(props.place);
        model.fold(entry);
      }}
    >
      <div role="gridcell" style={{ paddingInlineStart: 8 + 16 * entry.level }}>
        <Icon name={entry.isOpen ? 'down' : 'right'} />
        <b>{`${field} = ${entry.name || trans.__('none')}`}</b>
        <small>
          {trans._n('%1 run', '%1 runs', entry.runs.length)}
          {more}
        </small>
      </div>
      {columns.map(column => (
        <div key={column} role="gridcell" data-numeric={model.isNumber(column)}>
          {bestOf(entry.runs, column, model)}
        </div>
      ))}
    </div>
  );
}

/** The best value of a metric that the table is sorted by: the first of its runs has it. */
function bestOf(
  runs: readonly Run[],
  column: string,
  model: TableModel
): string {
  const [kind, name] = splitColumn(column);
  const first = runs.find(run => run.metrics[name] !== undefined);
  return kind === 'metrics' && model.view.sorting.column === column && first
    ? aligned(first.metrics[name])
    : '';
}

function RunRow(
  props: Props & { entry: Entry & { kind: 'run' } }
): React.JSX.Element {
  const { entry, model, columns, trans } = props;
  const { run } = entry;
  const place = model.marked.placeOf(run.id);
  const isSelected = model.selection.has(run.id);
  const onClick = (event: React.MouseEvent): void => {
    if (event.shiftKey) {
      model.go(props.place, true);
    } else {
      model.go(props.place);
      model.select(run.id, !(event.ctrlKey || event.metaKey));
    }
  };
  return (
    <div
      id={props.id}
      className="jp-mlops-grid-row"
      role="row"
      aria-level={entry.level + 1}
      aria-selected={isSelected}
      aria-expanded={entry.isOpen ?? undefined}
      data-id={run.id}
      data-status={run.status}
      data-pinned={entry.isPinned}
      data-part={entry.isPart}
      data-active={props.place === model.active}
      style={{
        top: props.top,
        gridTemplateColumns: props.template,
        ...(place >= 0 && {
          ['--jp-mlops-hue' as string]: `var(${hueAt(place)})`
        })
      }}
      onClick={onClick}
      onDoubleClick={() => props.actions.open(run)}
      onMouseDown={event => event.detail > 1 && event.preventDefault()}
    >
      <Name {...props} entry={entry} place={place} />
      {columns.map(column => (
        <Cell
          key={column}
          column={column}
          isNumber={model.isNumber(column)}
          hasCourse={props.courses.includes(column)}
          run={run}
          trans={trans}
        />
      ))}
    </div>
  );
}

function Name(
  props: Omit<Props, 'place'> & {
    entry: Entry & { kind: 'run' };
    place: number;
  }
): React.JSX.Element {
  const { entry, model, trans, place } = props;
  const { run } = entry;
  const isDrawn = place >= 0;
  return (
    <div role="gridcell" className="jp-mlops-grid-name">
      <IconButton
        icon={isDrawn ? 'eye' : 'hidden'}
        label={
          isDrawn ? trans.__('Hide in charts') : trans.__('Show in charts')
        }
        isInRow
        pressed={isDrawn}
        onClick={event => {
          event.stopPropagation();
          model.marked.toggle(run.id);
        }}
      />
      <span style={{ width: 16 * entry.level, flex: 'none' }} />
      {entry.isOpen === null ? (
        <span className="jp-mlops-fold" />
      ) : (
        <IconButton
          icon={entry.isOpen ? 'down' : 'right'}
          isInRow
          label={entry.isOpen ? trans.__('Fold') : trans.__('Unfold')}
          onClick={event => {
            event.stopPropagation();
            model.fold(entry);
          }}
        />
      )}
      <span className="jp-mlops-dot" data-dashed={place >= HUES} />
      <span className="jp-mlops-run-name" title={run.name}>
        {!entry.isPart && <b>#{run.number}</b>} {calledAs(run)}
      </span>
      {(run.parts ?? 0) > 0 && (
        <small className="jp-mlops-count">
          {run.kind === 'sweep'
            ? trans._n('%1 trial', '%1 trials', run.parts ?? 0)
            : trans._n('%1 step', '%1 steps', run.parts ?? 0)}
        </small>
      )}
      {!entry.isPart && <Pin entry={entry} model={model} trans={trans} />}
    </div>
  );
}

function Cell(props: {
  column: string;
  isNumber: boolean;
  hasCourse: boolean;
  run: Run;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { column, run, trans } = props;
  const [kind, name] = splitColumn(column);
  const cell = (
    content: React.ReactNode,
    title?: string
  ): React.JSX.Element => (
    <div role="gridcell" data-numeric={props.isNumber} title={title}>
      {typeof content === 'string' ? <bdi>{content}</bdi> : content}
    </div>
  );
  const now = Date.now() / 1000;
  switch (kind === '' ? column : kind) {
    case 'metrics':
      return cell(
        <>
          {props.hasCourse && (
            <Spark name={name} values={run.sparks?.[name] ?? []} />
          )}
          <span>{aligned(run.metrics[name]) || '–'}</span>
        </>,
        run.metrics[name] === undefined ? '' : String(run.metrics[name])
      );
    case 'params':
      return cell(<Param run={run} name={name} trans={trans} />);
    case 'tags':
      return cell(run.tags[name] ?? '', run.tags[name]);
    case 'status':
      return cell(<State {...stateOf(run, trans)} />);
    case 'started':
      return cell(when(run.started, now, trans), exactly(run.started));
    case 'duration':
      return cell(took(run, now));
    case 'note':
      return cell(run.note, run.note);
    case 'source':
      return cell(run.source.split('/').pop() ?? '', run.source);
    case 'experiment':
      return cell(run.experiment, run.experiment);
    case 'kind':
      return cell(run.kind);
    case 'cpu':
    case 'cost':
      return cell(cellOf(run, column));
    default:
      return cell(run.user);
  }
}

/** What a run was given; in grey what it takes as it is declared. */
function Param(props: {
  run: Run;
  name: string;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { run, name, trans } = props;
  const given = run.params[name];
  const declared = run.defaults?.[name];
  return given === undefined && declared !== undefined ? (
    <bdi
      className="jp-mod-declared"
      title={trans.__('as declared: %1', declared)}
    >
      {declared}
    </bdi>
  ) : (
    <bdi title={given}>{given}</bdi>
  );
}

function Pin(
  props: Pick<Props, 'model' | 'trans'> & { entry: Entry & { kind: 'run' } }
): React.JSX.Element {
  const { entry, model, trans } = props;
  return (
    <IconButton
      icon="pin"
      label={
        entry.isPinned
          ? trans.__('Baseline: unpin')
          : trans.__('Pin as baseline')
      }
      isInRow
      pressed={entry.isPinned}
      onClick={event => {
        event.stopPropagation();
        model.marked.pin(entry.run.id);
      }}
    />
  );
}
