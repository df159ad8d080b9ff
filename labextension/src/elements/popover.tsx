/** What opens below a button and closes on Escape or a click elsewhere: menus, and small forms. */

import * as React from 'react';

import { Icon, IconName } from './icon';

interface Props {
  label: string;
  icon?: IconName;
  /** Only the icon is seen; the label is its name. */
  bare?: boolean;
  active?: boolean;
  children: (close: () => void) => React.ReactNode;
}

/** The button, and what it opens. */
export function Popover(props: Props): React.JSX.Element {
  const [isOpen, setOpen] = React.useState(false);
  const host = React.useRef<HTMLSpanElement>(null);
  const close = React.useCallback(() => setOpen(false), []);
  React.useEffect(() => {
    if (!isOpen) {
      return;
    }
    const onDown = (event: PointerEvent): void => {
      if (!host.current?.contains(event.target as Node)) {
        setOpen(false);
      }
    };
    document.addEventListener('pointerdown', onDown, true);
    return () => document.removeEventListener('pointerdown', onDown, true);
  }, [isOpen]);
  return (
    <span
      ref={host}
      className="jp-mlops-popover"
      onKeyDown={event => {
        if (isOpen && event.key === 'Escape') {
          event.stopPropagation();
          setOpen(false);
          host.current?.querySelector('button')?.focus();
        }
      }}
    >
      <button
        type="button"
        className={props.bare ? 'jp-mlops-icon-button' : 'jp-mlops-button'}
        aria-expanded={isOpen}
        aria-label={props.bare ? props.label : undefined}
        title={props.bare ? props.label : undefined}
        data-active={props.active}
        onClick={() => setOpen(!isOpen)}
      >
        {props.icon && <Icon name={props.icon} />}
        {!props.bare && props.label}
      </button>
      {isOpen && (
        <div className="jp-mlops-popover-body">{props.children(close)}</div>
      )}
    </span>
  );
}

/** An entry of a menu: its words, what it does, and why it cannot be chosen, if it cannot. */
export interface Entry {
  label: string;
  act: () => void;
  disabled?: string;
}

/** A menu of what can be done. */
export function Menu(props: {
  label: string;
  entries: readonly Entry[];
  icon?: IconName;
  bare?: boolean;
}): React.JSX.Element {
  return (
    <Popover label={props.label} icon={props.icon ?? 'more'} bare={props.bare}>
      {close => (
        <div className="jp-mlops-menu" role="group" aria-label={props.label}>
          {props.entries.map(entry => (
            <button
              key={entry.label}
              type="button"
              disabled={entry.disabled !== undefined}
              title={entry.disabled}
              onClick={() => {
                close();
                entry.act();
              }}
            >
              {entry.label}
            </button>
          ))}
        </div>
      )}
    </Popover>
  );
}
