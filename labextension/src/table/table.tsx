/** The page with all runs: the toolbar, the table, and beside it charts of the runs that have an eye. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Client } from '../api/client';
import { Button, ProblemBox, useChanges } from '../elements';
import { NO_MONITORING } from '../runs/condition';

import { TableModel } from './model';
import { Actions, Rows } from './rows';
import { TableCharts } from './charts';
import { Toolbar } from './toolbar';
import { Views } from './views';

const EXAMPLE = '%%track first --auto';

/** What the page needs. */
export interface Props {
  model: TableModel;
  views: Views;
  client: Client;
  actions: Actions;
  trans: TranslationBundle;
}

/** The page. */
export default function Table(props: Props): React.JSX.Element {
  const { model, trans } = props;
  useChanges(model.changed);
  const isEmpty =
    model.entries.length === 0 && !model.isLoading && model.problem === null;
  return (
    <>
      <Toolbar {...props} />
      <div className="jp-mlops-table-body">
        <div className="jp-mlops-table-main">
          <ProblemBox problem={model.problem} />
          {isEmpty ? <Empty {...props} /> : <Rows {...props} />}
          <Footer {...props} />
        </div>
        {model.marked.drawn.length > 0 && (
          <aside aria-label={trans.__('Charts')}>
            <TableCharts {...props} />
          </aside>
        )}
      </div>
    </>
  );
}

function Empty({ model, trans }: Props): React.JSX.Element {
  const { search, conditions } = model.view;
  const isAsked = conditions.some(condition => condition !== NO_MONITORING);
  return search === '' && !isAsked ? (
    <div className="jp-mlops-empty">
      <h2>{trans.__('No runs yet')}</h2>
      <p>
        {trans.__(
          'Run a pipeline, or put this on the first line of a cell and execute it:'
        )}
      </p>
      <pre>{EXAMPLE}</pre>
    </div>
  ) : (
    <div className="jp-mlops-empty">
      <h2>{trans.__('No matching runs')}</h2>
      <Button
        label={trans.__('Clear the Search')}
        onClick={() => model.show({ search: '', conditions: [] })}
      />
    </div>
  );
}

function Footer({ model, actions, trans }: Props): React.JSX.Element {
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
      <Button
        label={trans.__('Delete')}
        disabled={chosen.length === 0 || !model.isWritable}
        onClick={() => void model.delete()}
      />
      {model.deleted.length > 0 && (
        <Button
          label={trans.__('Undo Delete')}
          onClick={() => void model.restore()}
        />
      )}
    </div>
  );
}
