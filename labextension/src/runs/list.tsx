/** The list of runs: rows of which only those in sight are drawn, and what can be done with them. */

import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

import { Run } from '../api/types';
import { Button, Command, Icon, ProblemBox } from '../elements';
import { RunsModel } from './model';
import { Row, ROW } from './row';
import { Search } from './search';
import { isOpen, mainMetric } from './words';

const EXAMPLE = '%%track first --auto';

/** What the list asks of its surroundings. */
export interface Actions {
  open(run: Run): void;
  compare(ids: readonly string[]): void;
  cancel(run: Run): void;
  openTable(): void;
}

/** The section of the panel with all runs. */
export class RunsSection extends ReactWidget {
  constructor(
    private readonly _model: RunsModel,
    private readonly _actions: Actions,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-mlops-runs');
    this.title.label = _trans.__('Runs');
  }

  protected override render(): React.JSX.Element {
    return (
      <UseSignal signal={this._model.changed}>
        {() => (
          <RunList
            model={this._model}
            actions={this._actions}
            trans={this._trans}
          />
        )}
      </UseSignal>
    );
  }
}

interface Props {
  model: RunsModel;
  actions: Actions;
  trans: TranslationBundle;
}

function RunList({ model, actions, trans }: Props): React.JSX.Element {
  return (
    <div className="jp-mlops-runs-body">
      <div className="jp-mlops-line jp-mlops-last-runs">
        <Search model={model} trans={trans} />
        <span className="jp-mlops-gap" />
        <button
          type="button"
          className="jp-mlops-link"
          onClick={() => actions.openTable()}
        >
          {trans.__('Open Table')} <Icon name="table" />
        </button>
      </div>
      {!model.isWritable && (
        <div className="jp-mlops-banner" role="status">
          {trans.__('The store cannot be written: runs can only be looked at.')}
        </div>
      )}
      <ProblemBox problem={model.problem} />
      {!model.isKnown && !model.problem && (
        <p className="jp-mlops-empty" role="status">
          {trans.__('Loading…')}
        </p>
      )}
      {model.isKnown &&
      model.runs.length === 0 &&
      !model.isLoading &&
      !model.problem ? (
        <Empty filtered={model.wanted !== ''} trans={trans} />
      ) : (
        <>
          <div className="jp-mlops-line jp-mlops-hint jp-mlops-last-heads">
            <span>{trans.__('Last runs')}</span>
            <span className="jp-mlops-gap" />
            <span>{mainMetric(model.runs)}</span>
          </div>
          <Rows model={model} actions={actions} trans={trans} />
        </>
      )}
      <Footer model={model} actions={actions} trans={trans} />
    </div>
  );
}

function Empty(props: {
  filtered: boolean;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { trans } = props;
  return props.filtered ? (
    <p className="jp-mlops-empty">{trans.__('No matching runs.')}</p>
  ) : (
    <div className="jp-mlops-empty">
      <h2>{trans.__('No runs yet')}</h2>
      <p>
        {trans.__(
          'What you run appears here. To keep a single cell, put this on its first line:'
        )}
      </p>
      <Command text={EXAMPLE} trans={trans} />
    </div>
  );
}

function Rows({ model, actions, trans }: Props): React.JSX.Element {
  const parent = React.useRef<HTMLDivElement>(null);
  const { runs } = model;
  const keyOf = React.useCallback(
    (place: number) => runs[place]?.id ?? place,
    [runs]
  );
  const metric = React.useMemo(() => mainMetric(runs), [runs]);
  const rows = useVirtualizer({
    count: runs.length,
    getScrollElement: () => parent.current,
    getItemKey: keyOf,
    estimateSize: () => ROW,
    overscan: 8
  });
  const items = rows.getVirtualItems();
  const last = items[items.length - 1]?.index ?? 0;
  React.useEffect(() => {
    if (last >= runs.length - 20) {
      void model.more();
    }
  }, [last, runs.length, model.isLoading]); // what was asked while it loaded was not heard
  return (
    <div
      ref={parent}
      className="jp-mlops-rows"
      role="listbox"
      aria-multiselectable
      aria-label={trans.__('Runs')}
    >
      <div
        role="presentation"
        style={{ height: rows.getTotalSize(), position: 'relative' }}
      >
        {items.map(item => {
          const run = runs[item.index];
          return (
            run && (
              <Row
                key={item.key}
                run={run}
                metric={metric}
                model={model}
                top={item.start}
                first={item.index < 2 && model.selection.size === 0}
                onOpen={() => actions.open(run)}
                trans={trans}
              />
            )
          );
        })}
      </div>
    </div>
  );
}

function Footer({ model, actions, trans }: Props): React.JSX.Element | null {
  const { chosen } = model;
  const [first] = chosen;
  if (model.total === 0 && model.deleted.length === 0) {
    return null;
  }
  const runs =
    chosen.length === 1 &&
    (first?.kind === 'pipeline' || first?.kind === 'sweep') &&
    isOpen(first.status);
  return (
    <div className="jp-mlops-footer">
      <span role="status">
        {trans._n('%1 run', '%1 runs', model.total)}
        {chosen.length > 0 && `, ${trans.__('%1 selected', chosen.length)}`}
      </span>
      {chosen.length > 0 && (
        <>
          <Button
            label={trans.__('Open')}
            disabled={chosen.length !== 1}
            onClick={() => first && actions.open(first)}
          />
          <Button
            label={trans.__('Compare')}
            disabled={chosen.length < 2}
            onClick={() => actions.compare(chosen.map(run => run.id))}
          />
          {runs && first && (
            <Button
              label={trans.__('Cancel')}
              onClick={() => actions.cancel(first)}
            />
          )}
          <Button
            label={trans.__('Delete')}
            disabled={!model.isWritable}
            onClick={() => void model.delete()}
          />
        </>
      )}
      {model.deleted.length > 0 && (
        <Button
          label={trans.__('Undo delete')}
          onClick={() => void model.restore()}
        />
      )}
    </div>
  );
}
