/** The page with all runs: the toolbar, the table, and beside it charts of the runs that have an eye. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Client } from '../api/client';
import { Run } from '../api/types';
import { Button, Command, ProblemBox, useChanges, useWidth } from '../elements';
import { NO_MONITORING, NOT_ARCHIVED } from '../runs/condition';

import { TableModel } from './model';
import { Footer } from './footer';
import { Actions, Rows } from './rows';
import { TableCharts } from './charts';
import { Toolbar } from './toolbar';
import { Views } from './views';

const EXAMPLE = '%%track first --auto';
const WIDE = 800; // pixels that charts need beside the table
const SUGGESTED = 5; // runs that have an eye while nobody has given any

/** The ids of the first runs whose metrics have more than one value. */
function withCourses(runs: readonly Run[], most: number): string[] {
  return runs
    .filter(run => Object.values(run.sparks ?? {}).some(own => own.length > 1))
    .slice(0, most)
    .map(run => run.id);
}

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
  const [host, width] = useWidth<HTMLDivElement>(0);
  const isLoaded = !model.isLoading && model.runs.length > 0;
  React.useEffect(() => {
    if (isLoaded && width >= WIDE) {
      model.marked.suggest(withCourses(model.runs, SUGGESTED));
    }
  }, [isLoaded, width >= WIDE]);
  const isEmpty =
    model.entries.length === 0 && !model.isLoading && model.problem === null;
  return (
    <>
      <Toolbar {...props} />
      <div className="jp-mlops-table-body" ref={host}>
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
  const isAsked = conditions.some(
    condition => condition !== NO_MONITORING && condition !== NOT_ARCHIVED
  );
  return search === '' && !isAsked ? (
    <div className="jp-mlops-empty">
      <h2>{trans.__('No runs yet')}</h2>
      <p>
        {trans.__(
          'Run a pipeline, or put this on the first line of a cell and execute it:'
        )}
      </p>
      <Command text={EXAMPLE} trans={trans} />
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
