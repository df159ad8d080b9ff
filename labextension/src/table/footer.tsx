/** Below the table: how many runs it shows, and what can be done with those that are selected. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Button, Popover, TextForm } from '../elements';
import { readTags } from '../runs/columns';
import { ARCHIVED, NOT_ARCHIVED } from '../runs/condition';
import { TableModel } from './model';
import type { Props } from './table';

/** The footer. */
export function Footer({ model, actions, trans }: Props): React.JSX.Element {
  const chosen = [...model.selection];
  const drawn = model.marked.drawn.length;
  const isFirst = model.isLoading && model.runs.length === 0;
  const facts = [
    isFirst ? trans.__('Loading…') : trans._n('%1 run', '%1 runs', model.total),
    ...(drawn > 0 ? [trans.__('%1 in charts', drawn)] : []),
    ...(chosen.length > 0 ? [trans.__('%1 selected', chosen.length)] : [])
  ];
  return (
    <div className="jp-mlops-table-footer">
      <span role="status">{facts.join(' · ')}</span>
      {chosen.length === 1 && (
        <Button
          label={trans.__('Open')}
          onClick={() => actions.open({ id: chosen[0] ?? '', name: '' })}
        />
      )}
      <Button
        label={
          chosen.length > 1
            ? trans.__('Compare %1', chosen.length)
            : trans.__('Compare')
        }
        accept={chosen.length > 1}
        disabled={chosen.length < 2}
        title={
          chosen.length < 2 ? trans.__('Select two or more runs') : undefined
        }
        onClick={() => actions.compare(chosen)}
      />
      {chosen.length > 0 && <Changes model={model} trans={trans} />}
      {model.deleted.length > 0 && (
        <Button
          label={trans.__('Undo Delete')}
          onClick={() => void model.restore()}
        />
      )}
      {chosen.length > 0 && (
        <kbd title={trans.__('Selects nothing')}>{trans.__('Esc')}</kbd>
      )}
    </div>
  );
}

/** What changes the runs that are selected. */
function Changes(props: {
  model: TableModel;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { model, trans } = props;
  const locked = !model.isWritable;
  const isBack = areArchived(model);
  return (
    <>
      {!locked && (
        <Popover label={trans.__('Tag')}>
          {close => (
            <TextForm
              className="jp-mlops-tag-form"
              onSave={text => {
                close();
                void model.tag(readTags(text));
              }}
            >
              {field => (
                <>
                  <input
                    className="jp-mod-styled"
                    aria-label={trans.__('Tags of the selected runs')}
                    placeholder={trans.__('team = growth, candidate')}
                    {...field}
                  />
                  <Button
                    accept
                    label={trans.__('Tag')}
                    disabled={field.value.trim() === ''}
                  />
                </>
              )}
            </TextForm>
          )}
        </Popover>
      )}
      <Button
        label={isBack ? trans.__('Bring Back') : trans.__('Archive')}
        title={
          isBack
            ? trans.__('Shown in the table again')
            : trans.__('Hidden from the table, and kept')
        }
        disabled={locked}
        onClick={() => void archive(model)}
      />
      <Button
        label={trans.__('Delete')}
        disabled={locked}
        onClick={() => void model.delete()}
      />
    </>
  );
}

/** Whether all runs that are selected were put away. */
function areArchived({ runs, selection }: TableModel): boolean {
  const chosen = runs.filter(run => selection.has(run.id));
  return chosen.length > 0 && chosen.every(run => ARCHIVED in run.tags);
}

/** Puts the selected runs away; those that were all put away before come back. */
async function archive(model: TableModel): Promise<void> {
  const isBack = areArchived(model);
  await model.tag({ [ARCHIVED]: isBack ? null : '' });
  const { conditions } = model.view;
  if (model.problem === null) {
    model.selectAll(false);
    if (!isBack && !conditions.includes(NOT_ARCHIVED)) {
      model.show({ conditions: [...conditions, NOT_ARCHIVED] });
    }
  }
}
