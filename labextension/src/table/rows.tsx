/** The rows of the table, of which only those in sight are drawn, and the keys that act on them. */

import { TranslationBundle } from '@jupyterlab/translation';
import { useVirtualizer, Virtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

import { useWidth } from '../elements';
import { Head } from './head';
import { TableModel } from './model';
import { Row } from './row';
import { withCourse } from './query';
import { fitting, hasParts, Layout, widthsOf } from './widths';

const HEIGHT = 28;
const HEADS = 48;

/** What a row can ask for. */
export interface Actions {
  open(run: { id: string; name: string }): void;
  compare(ids: readonly string[]): void;
}

interface Props {
  model: TableModel;
  actions: Actions;
  trans: TranslationBundle;
}

/** The grid. It has one tab stop; the active row is told by its id. */
export function Rows({ model, actions, trans }: Props): React.JSX.Element {
  const [parent, room] = useWidth<HTMLDivElement>(0);
  const { entries } = model;
  const { layout, folds, ...shared } = useLayout(model, room);
  const rows = useRows(parent, model);
  const act = (event: React.KeyboardEvent): void => {
    if (onKey(event, model, actions)) {
      event.preventDefault();
      event.stopPropagation();
      rows.scrollToIndex(model.active);
    }
  };
  return (
    <div
      ref={parent}
      className="jp-mlops-grid"
      role="treegrid"
      tabIndex={0}
      aria-label={trans.__('Runs')}
      aria-multiselectable
      aria-busy={model.isOutdated}
      aria-rowcount={model.total}
      data-folds={folds}
      aria-activedescendant={activeOf(model)}
      data-lm-suppress-shortcuts
      onKeyDown={act}
    >
      <div
        role="presentation"
        style={{ width: layout.total, minWidth: '100%' }}
      >
        <Head model={model} layout={layout} trans={trans} />
        <div
          role="presentation"
          style={{ height: rows.getTotalSize(), position: 'relative' }}
        >
          {rows.getVirtualItems().map(item => {
            const entry = entries[item.index];
            return (
              entry && (
                <Row
                  key={item.key}
                  id={idOf(entry.key)}
                  entry={entry}
                  place={item.index}
                  top={item.start}
                  {...shared}
                  template={layout.template}
                  model={model}
                  actions={actions}
                  trans={trans}
                />
              )
            );
          })}
        </div>
      </div>
    </div>
  );
}

/** How wide columns are, and which metrics are drawn. */
function useLayout(
  { columns, runs, view }: TableModel,
  room: number
): Pick<React.ComponentProps<typeof Row>, 'columns' | 'courses'> & {
  layout: Layout;
  folds: boolean;
} {
  const courses = withCourse(columns, view.sorting);
  const fits = React.useMemo(
    () => fitting(columns, runs, courses),
    [columns, runs, courses.join(' ')]
  );
  const layout = widthsOf(columns, fits, view.widths, room);
  const folds = hasParts(runs) || view.groups.length > 0;
  return { columns, courses, layout, folds };
}

/** Which rows are in sight. Near the end the next page is asked for. */
function useRows(
  parent: React.RefObject<HTMLDivElement>,
  model: TableModel
): Virtualizer<HTMLDivElement, Element> {
  const { entries } = model;
  const keyOf = React.useCallback(
    (place: number) => entries[place]?.key ?? place,
    [entries]
  );
  const rows = useVirtualizer<HTMLDivElement, Element>({
    count: entries.length,
    getScrollElement: () => parent.current,
    getItemKey: keyOf,
    estimateSize: () => HEIGHT,
    overscan: 12,
    scrollPaddingStart: HEADS
  });
  const items = rows.getVirtualItems();
  const last = items[items.length - 1]?.index ?? 0;
  React.useEffect(() => {
    if (last >= entries.length - 30) {
      void model.more();
    }
  }, [last, entries.length, model.isLoading]);
  return rows;
}

function activeOf({ entries, active }: TableModel): string | undefined {
  const entry = entries[active];
  return entry && idOf(entry.key);
}

/** Keys of a row in the page: entries of a group hold quotes and slashes. */
function idOf(key: string): string {
  return `jp-mlops-row-${key.replace(/\W+/g, '-')}`;
}

const PAGE = 20;

/** Acts on a key; whether it was one of ours. */
function onKey(
  event: React.KeyboardEvent,
  model: TableModel,
  actions: Actions
): boolean {
  const isPress = event.key === 'Enter' || event.key === ' ';
  if (isPress && event.target instanceof HTMLButtonElement) {
    return false; // it presses that button
  }
  const { active, entries, marked } = model;
  const entry = entries[active];
  const steps: Record<string, number> = {
    ArrowDown: active + 1,
    ArrowUp: active - 1,
    PageDown: active + PAGE,
    PageUp: active - PAGE,
    Home: 0,
    End: entries.length - 1
  };
  const to = steps[event.key];
  if (to !== undefined) {
    model.go(to, event.shiftKey);
    return true;
  }
  if (event.key === 'a' && (event.ctrlKey || event.metaKey)) {
    model.selectAll(true);
    return true;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || entry === undefined) {
    return false;
  }
  if (event.key === 'Escape') {
    model.selectAll(false);
    return true;
  }
  if (event.key === 'ArrowRight' || event.key === 'ArrowLeft') {
    if (entry.isOpen === (event.key === 'ArrowLeft')) {
      model.fold(entry);
    }
    return true;
  }
  if (entry.kind === 'group') {
    if (event.key === 'Enter' || event.key === ' ') {
      model.fold(entry);
      return true;
    }
    return false;
  }
  const { run } = entry;
  const does: Record<string, () => void> = {
    Enter: () => actions.open(run),
    ' ': () => marked.toggle(run.id),
    p: () => marked.pin(run.id),
    x: () => model.select(run.id, false)
  };
  does[event.key]?.();
  return event.key in does;
}
