/** The list of runs: a filter, an order, and rows of which only those in sight are drawn. */

import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

import { Run } from '../api/types';
import { ORDERS, RunsModel } from './model';
import { markOf, summary, took } from './words';

const ROW = 44;
const EXAMPLE = '%%track first --auto\ndepth = 3\nscore = depth / 4';

/** What the list asks of its surroundings. */
export interface Actions {
  open(run: Run): void;
  compare(ids: readonly string[]): void;
  cancel(run: Run): void;
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
      <Search model={model} trans={trans} />
      {model.problem && (
        <div className="jp-mlops-problem" role="alert">
          <pre>{model.problem.message}</pre>
          {model.problem.hint}
        </div>
      )}
      {model.runs.length === 0 && !model.isLoading && !model.problem ? (
        <Empty filtered={model.filter !== ''} trans={trans} />
      ) : (
        <Rows model={model} actions={actions} trans={trans} />
      )}
      <Footer model={model} actions={actions} trans={trans} />
    </div>
  );
}

function Search({ model, trans }: Omit<Props, 'actions'>): React.JSX.Element {
  const [text, setText] = React.useState(model.filter);
  const labels: Record<(typeof ORDERS)[number], string> = {
    '': trans.__('Newest'),
    name: trans.__('Name'),
    status: trans.__('Status'),
    'duration DESC': trans.__('Longest')
  };
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
        placeholder={'metrics.acc > 0.9 and params.model = "rf"'}
        value={text}
        onChange={event => setText(event.target.value)}
      />
      <select
        className="jp-mod-styled"
        aria-label={trans.__('Order of runs')}
        value={model.order}
        onChange={event => void model.search(text, event.target.value)}
      >
        {ORDERS.map(order => (
          <option key={order} value={order}>
            {labels[order]}
          </option>
        ))}
      </select>
      <label>
        <input
          type="checkbox"
          checked={model.withParts}
          onChange={event => (model.withParts = event.target.checked)}
        />
        {trans.__('Steps and other parts')}
      </label>
    </form>
  );
}

function Empty(props: {
  filtered: boolean;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { trans } = props;
  return props.filtered ? (
    <p className="jp-mlops-empty">{trans.__('No run is found.')}</p>
  ) : (
    <div className="jp-mlops-empty">
      <p>{trans.__('No runs yet. Write into a cell, and execute it:')}</p>
      <pre>{EXAMPLE}</pre>
      <p>{trans.__('It appears here with what it computed.')}</p>
    </div>
  );
}

function Rows({ model, actions, trans }: Props): React.JSX.Element {
  const parent = React.useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: model.runs.length,
    getScrollElement: () => parent.current,
    estimateSize: () => ROW,
    overscan: 8
  });
  const items = rows.getVirtualItems();
  const last = items[items.length - 1]?.index ?? 0;
  React.useEffect(() => {
    if (last >= model.runs.length - 20) {
      void model.more();
    }
  }, [last, model.runs.length]);
  return (
    <div
      ref={parent}
      className="jp-mlops-rows"
      role="listbox"
      aria-multiselectable
      aria-label={trans.__('Runs')}
    >
      <div style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {items.map(item => {
          const run = model.runs[item.index];
          return run ? (
            <Row
              key={run.id}
              run={run}
              top={item.start}
              selected={model.selection.has(run.id)}
              onToggle={only => model.toggle(run.id, only)}
              onOpen={() => actions.open(run)}
              trans={trans}
            />
          ) : null;
        })}
      </div>
    </div>
  );
}

function Row(props: {
  run: Run;
  top: number;
  selected: boolean;
  onToggle: (only: boolean) => void;
  onOpen: () => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { run, trans } = props;
  const told = `${run.name}: ${run.status}${run.reason && ` (${run.reason})`}`;
  return (
    <div
      className="jp-mlops-row"
      role="option"
      aria-selected={props.selected}
      aria-label={told}
      tabIndex={0}
      title={told}
      data-status={run.status}
      style={{ top: props.top, height: ROW }}
      onDoubleClick={props.onOpen}
      onClick={event => props.onToggle(!(event.ctrlKey || event.metaKey))}
      onKeyDown={event => {
        if (event.key === ' ') {
          event.preventDefault();
          props.onToggle(false);
        } else if (event.key === 'Enter') {
          props.onOpen();
        } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
          event.preventDefault();
          const next =
            event.key === 'ArrowDown'
              ? event.currentTarget.nextElementSibling
              : event.currentTarget.previousElementSibling;
          (next as HTMLElement | null)?.focus();
        }
      }}
    >
      <span className="jp-mlops-mark">{markOf(run.status)}</span>
      <span className="jp-mlops-name">{run.name}</span>
      <span className="jp-mlops-took">{took(run, Date.now() / 1000)}</span>
      <span className="jp-mlops-metrics">
        {summary(run) || trans.__('%1 in %2', run.kind, run.experiment)}
      </span>
    </div>
  );
}

function Footer({ model, actions, trans }: Props): React.JSX.Element {
  const chosen = model.runs.filter(run => model.selection.has(run.id));
  const [first] = chosen;
  const runs =
    chosen.length === 1 &&
    first?.kind === 'pipeline' &&
    first.status === 'running';
  return (
    <div className="jp-mlops-footer">
      <span role="status">
        {trans._n('%1 run', '%1 runs', model.total)}
        {chosen.length > 0 && trans.__(', %1 selected', chosen.length)}
      </span>
      <button
        className="jp-mod-styled"
        disabled={chosen.length !== 1}
        onClick={() => first && actions.open(first)}
      >
        {trans.__('Open')}
      </button>
      <button
        className="jp-mod-styled"
        disabled={chosen.length < 2}
        onClick={() => actions.compare(chosen.map(run => run.id))}
      >
        {trans.__('Compare')}
      </button>
      {runs && first && (
        <button className="jp-mod-styled" onClick={() => actions.cancel(first)}>
          {trans.__('Cancel')}
        </button>
      )}
      <button
        className="jp-mod-styled"
        disabled={chosen.length === 0}
        onClick={() => void model.delete()}
      >
        {trans.__('Delete')}
      </button>
      {model.deleted.length > 0 && (
        <button className="jp-mod-styled" onClick={() => void model.restore()}>
          {trans.__('Undo delete')}
        </button>
      )}
    </div>
  );
}
