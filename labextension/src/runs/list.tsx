/** The list of runs: rows of which only those in sight are drawn, and what can be done with them. */

import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

import { Run } from '../api/types';
import { Button, ProblemBox } from '../elements';
import { Likes, RunsModel } from './model';
import { Row, ROW } from './row';
import { Search } from './search';

const HEAD = 26;
const EXAMPLE = '%%track first --auto\ndepth = 3\nscore = depth / 4';

/** What the list asks of its surroundings. */
export interface Actions {
  open(run: Run): void;
  compare(ids: readonly string[]): void;
  cancel(run: Run): void;
  openExample(): void;
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
      {!model.isWritable && (
        <div className="jp-mlops-banner" role="status">
          {trans.__('The store cannot be written: runs can only be looked at.')}
        </div>
      )}
      <ProblemBox problem={model.problem} />
      {model.runs.length === 0 && !model.isLoading && !model.problem ? (
        <Empty
          filtered={model.filter !== ''}
          onExample={() => actions.openExample()}
          trans={trans}
        />
      ) : (
        <Rows model={model} actions={actions} trans={trans} />
      )}
      <Footer model={model} actions={actions} trans={trans} />
    </div>
  );
}

function Empty(props: {
  filtered: boolean;
  onExample: () => void;
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
      <Button label={trans.__('Open the Example')} onClick={props.onExample} />
    </div>
  );
}

/** A row of the list: a run, or the head of a group. */
type Entry = { run: Run } | { head: string };

/** What a run's group is called; a pipeline's name has the digest of its code behind an @. */
function headOf(run: Run, group: Exclude<Likes['group'], ''>): string {
  return group === 'pipeline'
    ? (run.tags.pipeline?.split('@')[0] ?? '')
    : run[group];
}

function idOf(entry: Entry | undefined): string | undefined {
  return entry && ('run' in entry ? entry.run.id : `head ${entry.head}`);
}

/** Runs come sorted by their group; a head stands where one begins. */
function entriesOf(model: RunsModel): Entry[] {
  const { group } = model.likes;
  if (group === '') {
    return model.runs.map(run => ({ run }));
  }
  let last: string | null = null;
  return model.runs.flatMap((run): Entry[] => {
    const head = headOf(run, group);
    const isNew = head !== last;
    last = head;
    return isNew ? [{ head }, { run }] : [{ run }];
  });
}

/** The rows, and the key of each; new functions when the rows are new. */
function useEntries(
  model: RunsModel
): [Entry[], (place: number) => string | number] {
  return React.useMemo(() => {
    const entries = entriesOf(model);
    return [entries, place => idOf(entries[place]) ?? place];
  }, [model.runs, model.likes.group]);
}

function Rows({ model, actions, trans }: Props): React.JSX.Element {
  const parent = React.useRef<HTMLDivElement>(null);
  const [entries, keyOf] = useEntries(model);
  const rows = useVirtualizer({
    count: entries.length,
    getScrollElement: () => parent.current,
    getItemKey: keyOf, // a new function makes it measure the rows anew
    estimateSize: place => ('head' in (entries[place] ?? {}) ? HEAD : ROW),
    overscan: 8
  });
  const items = rows.getVirtualItems();
  const last = items[items.length - 1]?.index ?? 0;
  React.useEffect(() => {
    if (last >= entries.length - 20) {
      void model.more();
    }
  }, [last, entries.length, model.isLoading]); // what was asked while it loaded was not heard
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
          const entry = entries[item.index];
          return entry === undefined ? null : 'run' in entry ? (
            <Row
              key={item.key}
              run={entry.run}
              model={model}
              top={item.start}
              first={item.index < 2 && model.selection.size === 0}
              onOpen={() => actions.open(entry.run)}
              trans={trans}
            />
          ) : (
            <Head
              key={item.key}
              text={entry.head}
              top={item.start}
              trans={trans}
            />
          );
        })}
      </div>
    </div>
  );
}

/** The head of a group of runs. */
function Head(props: {
  text: string;
  top: number;
  trans: TranslationBundle;
}): React.JSX.Element {
  return (
    <div
      className="jp-mlops-head"
      role="presentation"
      title={props.text}
      style={{ top: props.top, height: HEAD }}
    >
      {props.text.split('/').pop() || props.trans.__('elsewhere')}
    </div>
  );
}

function Footer({ model, actions, trans }: Props): React.JSX.Element {
  const { chosen } = model;
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
        disabled={chosen.length === 0 || !model.isWritable}
        onClick={() => void model.delete()}
      />
      {model.deleted.length > 0 && (
        <Button
          label={trans.__('Undo delete')}
          onClick={() => void model.restore()}
        />
      )}
    </div>
  );
}
