/** What is pressed, chosen and ticked: every control of the product, 24 px high. */

import * as React from 'react';

import { Icon, IconName } from './icon';

/** A button in JupyterLab's own look. */
export function Button(props: {
  label: string;
  icon?: IconName;
  onClick?: () => void;
  disabled?: boolean;
  accept?: boolean;
  title?: string;
}): React.JSX.Element {
  return (
    <button
      className={`jp-mod-styled${props.accept ? ' jp-mod-accept' : ''}`}
      disabled={props.disabled}
      title={props.title}
      onClick={props.onClick}
    >
      {props.icon && <Icon name={props.icon} />} {props.label}
    </button>
  );
}

/** One of several values. `names` says what each is called, where that is not the value itself. */
export function Choice(props: {
  label: string;
  value: string;
  values: readonly string[];
  names?: Readonly<Record<string, string>>;
  onChange: (value: string) => void;
}): React.JSX.Element {
  return (
    <select
      className="jp-mlops-select"
      aria-label={props.label}
      title={props.label}
      value={props.value}
      onChange={event => props.onChange(event.target.value)}
    >
      {props.values.map(value => (
        <option key={value} value={value}>
          {props.names?.[value] ?? value}
        </option>
      ))}
    </select>
  );
}

/** A box to tick, with what it means beside it. */
export function Tick(props: {
  label: string;
  /** What it does in more words. */
  title?: string;
  checked: boolean;
  onChange: (checked: boolean) => void;
}): React.JSX.Element {
  return (
    <label className="jp-mlops-tick" title={props.title}>
      <input
        type="checkbox"
        checked={props.checked}
        onChange={event => props.onChange(event.target.checked)}
      />
      {props.label}
    </label>
  );
}

/** A button that is an icon; what it does is its accessible name and its tooltip. */
export function IconButton(props: {
  icon: IconName;
  label: string;
  onClick?: (event: React.MouseEvent) => void;
  disabled?: boolean;
  pressed?: boolean;
  /** Tab goes past it: it stands in each row of a table, whose keys do the same. */
  isInRow?: boolean;
}): React.JSX.Element {
  return (
    <button
      type="button"
      tabIndex={props.isInRow ? -1 : undefined}
      className="jp-mlops-icon-button"
      aria-label={props.label}
      aria-pressed={props.pressed}
      title={props.label}
      disabled={props.disabled}
      onClick={props.onClick}
    >
      <Icon name={props.icon} />
    </button>
  );
}

/** One of a few values, all of them in sight. */
export function Segments<T extends string>(props: {
  label: string;
  value: T;
  options: readonly (readonly [value: T, name: string])[];
  onChange: (value: T) => void;
}): React.JSX.Element {
  return (
    <span className="jp-mlops-segments" role="group" aria-label={props.label}>
      {props.options.map(([value, name]) => (
        <button
          key={value}
          type="button"
          aria-pressed={value === props.value}
          onClick={() => props.onChange(value)}
        >
          {name}
        </button>
      ))}
    </span>
  );
}

/** A word or two in a rounded field. With `onRemove` it can be taken away. */
export function Chip(props: {
  text: string;
  remove?: string;
  onRemove?: () => void;
}): React.JSX.Element {
  return (
    <span
      className="jp-mlops-chip"
      data-removable={props.onRemove !== undefined}
      title={props.text}
    >
      <span>{props.text}</span>
      {props.onRemove && (
        <IconButton
          icon="close"
          label={props.remove ?? ''}
          onClick={props.onRemove}
        />
      )}
    </span>
  );
}
