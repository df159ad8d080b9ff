/** Small things that several pages show: a button, a choice, a problem, a finding. */

import * as React from 'react';

import { Finding, Fix } from './api/types';
import { Problem } from './problems';

/** A button in JupyterLab's own look. */
export function Button(props: {
  label: string;
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
      {props.label}
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
  checked: boolean;
  onChange: (checked: boolean) => void;
}): React.JSX.Element {
  return (
    <label>
      <input
        type="checkbox"
        checked={props.checked}
        onChange={event => props.onChange(event.target.checked)}
      />
      {props.label}
    </label>
  );
}

/** What is wrong, and what to do, if anything is. Line breaks are kept: they mark places. */
export function ProblemBox(props: {
  problem: Problem | null;
}): React.JSX.Element | null {
  return (
    props.problem && (
      <div className="jp-mlops-problem" role="alert">
        <pre>{props.problem.message}</pre>
        {props.problem.hint}
      </div>
    )
  );
}

/** A finding of the data flow with its cures. `place` says where it is, and may lead there. */
export function FindingRow(props: {
  found: Finding;
  place: React.ReactNode;
  onFix: (fix: Fix) => void;
}): React.JSX.Element {
  const { found } = props;
  return (
    <li data-severity={found.severity}>
      {props.place} {found.message}
      {found.hint && <div className="jp-mlops-hint">→ {found.hint}</div>}
      {found.fixes.map(fix => (
        <button
          key={fix.title}
          className="jp-mlops-fix"
          onClick={() => props.onFix(fix)}
        >
          {fix.title}
        </button>
      ))}
    </li>
  );
}
