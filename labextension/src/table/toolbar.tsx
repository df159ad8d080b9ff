/** Above the table: what is looked for, how runs are grouped, which columns are shown, and views that were kept. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Chip, Icon, Menu, Popover } from '../elements';
import { ATTRIBUTES, WORKED_OUT } from '../runs/columns';
import { namesOf } from './head';
import { TableModel } from './model';
import { isCondition, NO_MONITORING, NOT_ARCHIVED } from '../runs/condition';
import { titleOf } from './query';
import { Views } from './views';

const WORD = /[A-Za-z][\w.`/-]*$/;
const GROUPS = ['experiment', 'source', 'pipeline', 'status', 'kind', 'user'];
const MOST_GROUPS = 3;

interface Props {
  model: TableModel;
  views: Views;
  trans: TranslationBundle;
}

/** The toolbar. */
export function Toolbar({ model, views, trans }: Props): React.JSX.Element {
  const [names, setNames] = React.useState<readonly string[]>([]);
  const learn = (): void => void model.names().then(setNames, () => undefined);
  return (
    <div
      className="jp-mlops-toolbar"
      role="toolbar"
      aria-label={trans.__('Runs')}
      data-lm-suppress-shortcuts
    >
      <Search model={model} names={names} onFocus={learn} trans={trans} />
      <ViewMenu model={model} views={views} trans={trans} />
      <span onPointerDown={learn} onFocus={learn}>
        <Groups model={model} names={names} trans={trans} />
      </span>
      <span onPointerDown={learn} onFocus={learn}>
        <Popover label={trans.__('Columns')} icon="columns">
          {() => <Columns model={model} names={names} trans={trans} />}
        </Popover>
      </span>
    </div>
  );
}

function Search(props: {
  model: TableModel;
  names: readonly string[];
  onFocus: () => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, names, trans } = props;
  const [text, setText] = React.useState(model.view.search);
  const list = React.useId();
  const { search } = model.view;
  React.useEffect(() => setText(search), [search]);
  const submit = (): void => {
    if (isCondition(text)) {
      void model.addCondition(text.trim());
    } else {
      model.show({ search: text });
    }
  };
  return (
    <form
      className="jp-mlops-field"
      role="search"
      onSubmit={event => {
        event.preventDefault();
        submit();
      }}
    >
      <Icon name="search" />
      <Conditions model={model} trans={trans} />
      <input
        aria-label={trans.__('Search runs')}
        aria-invalid={model.problem !== null}
        placeholder={trans.__(
          'Name, note, tag, parameter, or metrics.auc > 0.85'
        )}
        list={list}
        spellCheck={false}
        value={text}
        onFocus={props.onFocus}
        onChange={event => {
          const { value } = event.target;
          setText(value);
          if (!isCondition(value)) {
            model.show({ search: value });
          }
        }}
        onKeyDown={event => {
          if (event.key === 'Backspace' && text === '') {
            dropLast(model);
          }
        }}
      />
      <datalist id={list}>
        {completions(text, [...ATTRIBUTES, 'status', ...names]).map(whole => (
          <option key={whole} value={whole} />
        ))}
      </datalist>
    </form>
  );
}

/** What a text may become: its last word completed. Pure. */
export function completions(text: string, known: readonly string[]): string[] {
  const [word] = WORD.exec(text) ?? [''];
  const before = text.slice(0, text.length - word.length);
  return word.length < 2
    ? []
    : known
        .filter(name => name.includes(word) && name !== word)
        .slice(0, 50)
        .map(name => before + name);
}

/** The conditions that are shown; that nothing of monitoring is there says nothing without monitoring. */
function saidOf(model: TableModel): readonly string[] {
  return model.view.conditions.filter(
    condition => condition !== NO_MONITORING || model.isMonitored
  );
}

/** Takes the last condition away that is shown. */
function dropLast(model: TableModel): void {
  const last = saidOf(model).slice(-1)[0];
  model.show({
    conditions: model.view.conditions.filter(one => one !== last)
  });
}

/** The conditions that runs must meet; each can be taken away. */
function Conditions(props: {
  model: TableModel;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, trans } = props;
  const { conditions } = model.view;
  return (
    <>
      {saidOf(model).map(condition => (
        <Chip
          key={condition}
          text={
            condition === NO_MONITORING
              ? trans.__('Monitoring hidden')
              : condition === NOT_ARCHIVED
                ? trans.__('Archived hidden')
                : condition
          }
          remove={
            condition === NO_MONITORING
              ? trans.__('Show the runs of monitoring')
              : condition === NOT_ARCHIVED
                ? trans.__('Show archived runs')
                : trans.__('Remove the filter %1', condition)
          }
          onRemove={() =>
            model.show({
              conditions: conditions.filter(one => one !== condition)
            })
          }
        />
      ))}
    </>
  );
}

function Groups(props: {
  model: TableModel;
  names: readonly string[];
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, names, trans } = props;
  const { groups } = model.view;
  const words = namesOf(trans);
  const fields = [...GROUPS, ...names.filter(name => !/^metrics\./.test(name))];
  const said = groups.map(group => titleOf(group, words)).join(', ');
  return (
    <Popover
      label={said ? trans.__('Group by: %1', said) : trans.__('Group by')}
      icon="group"
      active={groups.length > 0}
    >
      {() => (
        <div
          className="jp-mlops-choices"
          role="group"
          aria-label={trans.__('Group by')}
        >
          {fields.map(field => (
            <label key={field}>
              <input
                type="checkbox"
                checked={groups.includes(field)}
                disabled={
                  !groups.includes(field) && groups.length >= MOST_GROUPS
                }
                onChange={event =>
                  model.show({
                    groups: event.target.checked
                      ? [...groups, field]
                      : groups.filter(one => one !== field)
                  })
                }
              />
              {GROUPS.includes(field) ? titleOf(field, words) : field}
            </label>
          ))}
        </div>
      )}
    </Popover>
  );
}

/** The columns to choose from; the search finds any that the store knows. */
function Columns(props: {
  model: TableModel;
  names: readonly string[];
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, names, trans } = props;
  const [wanted, setWanted] = React.useState('');
  const { columns } = model;
  const words = namesOf(trans);
  const own = ['status', ...ATTRIBUTES, ...WORKED_OUT, 'source', 'note'];
  const all = [...new Set([...columns, ...own, ...names])];
  const found = all.filter(name =>
    `${name} ${titleOf(name, words)}`
      .toLowerCase()
      .includes(wanted.toLowerCase())
  );
  return (
    <div className="jp-mlops-choices">
      <input
        type="search"
        autoFocus
        aria-label={trans.__('Search columns')}
        placeholder={trans.__('Search %1 columns', all.length)}
        value={wanted}
        onChange={event => setWanted(event.target.value)}
      />
      {found.slice(0, 200).map(name => (
        <label key={name}>
          <input
            type="checkbox"
            checked={columns.includes(name)}
            onChange={event =>
              model.show({
                columns: event.target.checked
                  ? [...columns, name]
                  : columns.filter(one => one !== name)
              })
            }
          />
          {own.includes(name) ? titleOf(name, words) : name}
        </label>
      ))}
      <button
        type="button"
        className="jp-mlops-link"
        onClick={() => model.show({ columns: [], widths: {} })}
      >
        {trans.__('Show what differs')}
      </button>
    </div>
  );
}

function ViewMenu({ model, views, trans }: Props): React.JSX.Element {
  const kept = Object.entries(views.kept);
  return (
    <Menu
      label={trans.__('View')}
      icon="down"
      entries={[
        ...kept.map(([name, view]) => ({
          label: name,
          act: () => model.show(view)
        })),
        { label: trans.__('Default View'), act: () => model.show(views.usual) },
        {
          label: trans.__('Save View…'),
          act: () => void views.save(model.view, trans)
        },
        ...kept.map(([name]) => ({
          label: trans.__('Delete View “%1”', name),
          act: () => views.forget(name)
        }))
      ]}
    />
  );
}
