/** One run in the list: its state, name and values; its note and tags are edited where they stand. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Run } from '../api/types';
import { Spark, State } from '../elements';
import { changedTags, readTags, writeTags } from './columns';
import { Editing, RunsModel } from './model';
import { calledAs, exactly, number, stateOf, took, when } from './words';

export const ROW = 44;
const SPARK = { width: 56, height: 14 };

interface Props {
  run: Run;
  /** The metric that the list shows. */
  metric: string;
  model: RunsModel;
  top: number;
  first: boolean;
  onOpen: () => void;
  trans: TranslationBundle;
}

/** The row. */
export function Row(props: Props): React.JSX.Element {
  const { run, model, metric, trans } = props;
  const told = `${run.name}: ${run.status}${run.reason && ` (${run.reason})`}`;
  const isSelected = model.selection.has(run.id);
  const editing = model.editing?.id === run.id ? model.editing : null;
  return (
    <div
      className="jp-mlops-row"
      role="option"
      aria-selected={isSelected}
      aria-label={told}
      tabIndex={props.first || isSelected ? 0 : -1}
      title={told}
      data-status={run.status}
      data-id={run.id}
      style={{ top: props.top, height: ROW }}
      onDoubleClick={props.onOpen}
      onContextMenu={() => model.point(run.id)}
      onClick={event => model.toggle(run.id, !(event.ctrlKey || event.metaKey))}
      onKeyDown={event => onKey(event, props)}
    >
      <State {...stateOf(run, trans)} />
      <span className="jp-mlops-name">
        <b>#{run.number}</b> {calledAs(run)}
        {Object.entries(run.tags)
          .filter(([name]) => name !== 'pipeline' && name !== 'folder')
          .map(([name, value]) => (
            <span className="jp-mlops-tag" key={name}>
              {value === '' ? name : `${name}: ${value}`}
            </span>
          ))}
      </span>
      <span className="jp-mlops-value" title={metric}>
        {number(run.metrics[metric]) || '–'}
      </span>
      <Spark name={metric} values={run.sparks?.[metric] ?? []} {...SPARK} />
      {editing ? <Editor {...props} editing={editing} /> : <Facts {...props} />}
    </div>
  );
}

function onKey(
  event: React.KeyboardEvent<HTMLDivElement>,
  { run, model, onOpen }: Props
): void {
  if (event.target !== event.currentTarget) {
    return; // it is typed into the note
  }
  const move = (next: Element | null): void => {
    event.preventDefault();
    (next as HTMLElement | null)?.focus();
  };
  switch (event.key) {
    case ' ':
      event.preventDefault();
      model.toggle(run.id, false);
      break;
    case 'Enter':
      onOpen();
      break;
    case 'F2':
      model.startEditing({ id: run.id, what: 'note' });
      break;
    case 'ArrowDown':
      move(sibling(event.currentTarget, 'nextElementSibling'));
      break;
    case 'ArrowUp':
      move(sibling(event.currentTarget, 'previousElementSibling'));
      break;
  }
}

/** The next row in a direction; heads of groups are passed over. */
function sibling(
  node: Element,
  way: 'nextElementSibling' | 'previousElementSibling'
): Element | null {
  let next = node[way];
  while (next !== null && !next.classList.contains('jp-mlops-row')) {
    next = next[way];
  }
  return next;
}

/** When it began, how long it took, and what people say of it or why it failed. */
function Facts({ run, trans }: Props): React.JSX.Element {
  const now = Date.now() / 1000;
  const facts = [
    when(run.started, now, trans),
    run.status === 'failed' ? run.reason : took(run, now),
    run.note && `✎ ${run.note}`
  ];
  return (
    <span className="jp-mlops-metrics" title={exactly(run.started)}>
      {facts.filter(Boolean).join(' · ')}
    </span>
  );
}

function Editor(props: Props & { editing: Editing }): React.JSX.Element {
  const { run, model, editing, trans } = props;
  const isNote = editing.what === 'note';
  const [text, setText] = React.useState(
    isNote ? run.note : writeTags(run.tags)
  );
  const finish = (save: boolean): void => {
    model.startEditing(null);
    if (save) {
      const tags = changedTags(run.tags, readTags(text));
      void model.edit(run.id, isNote ? { note: text } : { tags });
    }
  };
  return (
    <input
      className="jp-mod-styled jp-mlops-metrics"
      aria-label={isNote ? trans.__('Note') : trans.__('Tags')}
      placeholder={isNote ? '' : 'name = value, name'}
      autoFocus
      value={text}
      onClick={event => event.stopPropagation()}
      onChange={event => setText(event.target.value)}
      onBlur={() => finish(true)}
      onKeyDown={event => {
        if (event.key === 'Enter' || event.key === 'Escape') {
          event.stopPropagation();
          finish(event.key === 'Enter');
        }
      }}
    />
  );
}
