/** Above the list: a filter that completes names, and how the runs are sorted, gathered and shown. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Choice } from '../elements';
import { ATTRIBUTES } from './columns';
import { GROUPS, ORDERS, RunsModel } from './model';

const WORD = /[A-Za-z][\w.`/-]*$/;

interface Props {
  model: RunsModel;
  trans: TranslationBundle;
}

/** The head of the list. */
export function Search({ model, trans }: Props): React.JSX.Element {
  return (
    <>
      <Filter model={model} trans={trans} />
      <div className="jp-mlops-search">
        <Choice
          label={trans.__('Order of runs')}
          value={model.likes.order}
          names={{
            '': trans.__('Newest'),
            name: trans.__('Name'),
            status: trans.__('Status'),
            'duration DESC': trans.__('Longest'),
            ...sortable(model)
          }}
          values={[...ORDERS, ...Object.keys(sortable(model))]}
          onChange={order => model.like({ order })}
        />
        <Choice
          label={trans.__('Gathered by')}
          value={model.likes.group}
          names={{
            '': trans.__('Not gathered'),
            source: trans.__('By notebook'),
            pipeline: trans.__('By pipeline'),
            experiment: trans.__('By experiment')
          }}
          values={GROUPS}
          onChange={group =>
            model.like({ group: GROUPS.find(found => found === group) ?? '' })
          }
        />
        <Columns model={model} trans={trans} />
        <label>
          <input
            type="checkbox"
            checked={model.likes.withParts}
            onChange={event => model.like({ withParts: event.target.checked })}
          />
          {trans.__('Steps and other parts')}
        </label>
      </div>
    </>
  );
}

/** Columns that are shown can be sorted by, both ways. */
function sortable(model: RunsModel): Record<string, string> {
  return Object.fromEntries(
    model.likes.columns.flatMap(column => [
      [`${column} DESC`, `${column} ↓`],
      [column, `${column} ↑`]
    ])
  );
}

function Filter({ model, trans }: Props): React.JSX.Element {
  const [text, setText] = React.useState(model.filter);
  const [names, setNames] = React.useState<readonly string[]>([]);
  const list = React.useId();
  const [word] = WORD.exec(text) ?? [''];
  React.useEffect(() => {
    if (word === '') {
      setNames([]);
      return;
    }
    let wanted = true;
    const known = ['metrics.', 'params.', 'tags.', 'status', ...ATTRIBUTES];
    void model.names(word).then(found => {
      if (wanted) {
        setNames([...known.filter(name => name.startsWith(word)), ...found]);
      }
    });
    return () => {
      wanted = false;
    };
  }, [word]);
  const before = text.slice(0, text.length - word.length);
  return (
    <form
      className="jp-mlops-search"
      onSubmit={event => {
        event.preventDefault();
        void model.search(text);
      }}
    >
      <input
        className="jp-mod-styled"
        aria-label={trans.__('Filter of runs')}
        aria-invalid={model.problem !== null}
        placeholder={'metrics.acc > 0.9 and params.model = "rf"'}
        list={list}
        value={text}
        spellCheck={false}
        onChange={event => {
          setText(event.target.value);
          if (event.target.value === '') {
            void model.search('');
          }
        }}
      />
      <datalist id={list}>
        {names
          .filter(name => name !== word)
          .map(name => (
            <option key={name} value={before + name} label={name} />
          ))}
      </datalist>
    </form>
  );
}

function Columns({ model, trans }: Props): React.JSX.Element {
  const [names, setNames] = React.useState<readonly string[]>([]);
  const { columns } = model.likes;
  const all = [...new Set([...columns, ...ATTRIBUTES, ...names])];
  return (
    <details
      className="jp-mlops-columns"
      onToggle={event => {
        if (event.currentTarget.open) {
          void model.names('').then(setNames);
        }
      }}
    >
      <summary>
        {columns.length > 0
          ? trans.__('Columns (%1)', columns.length)
          : trans.__('Columns')}
      </summary>
      <div role="group" aria-label={trans.__('Columns')}>
        {all.map(name => (
          <label key={name}>
            <input
              type="checkbox"
              checked={columns.includes(name)}
              onChange={event =>
                model.like({
                  columns: event.target.checked
                    ? [...columns, name]
                    : columns.filter(column => column !== name)
                })
              }
            />
            {name}
          </label>
        ))}
      </div>
    </details>
  );
}
