/** The tabs of a page. */

import * as React from 'react';

/** One tab: its key, its name, and how many things it holds, if that is known. */
export interface Tab {
  key: string;
  name: string;
  count?: number;
  /** What is in it, in a word or two. */
  hint?: string;
}

/** The row of tabs; arrows go from one to the next. */
export function Tabs(props: {
  label: string;
  tabs: readonly Tab[];
  chosen: string;
  onChoose: (key: string) => void;
}): React.JSX.Element {
  const { tabs, chosen, onChoose } = props;
  const onKey = (event: React.KeyboardEvent<HTMLDivElement>): void => {
    const way = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (way !== undefined) {
      const place = tabs.findIndex(tab => tab.key === chosen);
      const next = (place + way + tabs.length) % tabs.length;
      onChoose(tabs[next]?.key ?? chosen);
      (event.currentTarget.children[next] as HTMLElement | undefined)?.focus();
    }
  };
  return (
    <div
      className="jp-mlops-tabs"
      role="tablist"
      aria-label={props.label}
      onKeyDown={onKey}
    >
      {tabs.map(tab => (
        <button
          key={tab.key}
          type="button"
          role="tab"
          aria-selected={tab.key === chosen}
          tabIndex={tab.key === chosen ? 0 : -1}
          onClick={() => onChoose(tab.key)}
        >
          {tab.name}
          {tab.count !== undefined && tab.count > 0 && ` ${tab.count}`}
          {tab.hint && <small> {tab.hint}</small>}
        </button>
      ))}
    </div>
  );
}
