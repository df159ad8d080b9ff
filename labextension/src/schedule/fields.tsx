/** The lines of the form: what is asked at the left, the control and its help at the right. */

import * as React from 'react';

/** One line. */
export function Line(props: {
  label: string;
  help?: React.ReactNode;
  children: React.ReactNode;
}): React.JSX.Element {
  return (
    <div className="jp-mlops-form-line" role="group" aria-label={props.label}>
      <span aria-hidden="true">{props.label}</span>
      <div>
        <div className="jp-mlops-form-controls">{props.children}</div>
        {props.help && <div className="jp-mlops-hint">{props.help}</div>}
      </div>
    </div>
  );
}

/** A text to write. */
export function Text(props: {
  label: string;
  value: string;
  onChange: (text: string) => void;
  hint?: string;
  type?: 'text' | 'time' | 'date' | 'number';
  wide?: boolean;
  list?: string;
  isWrong?: boolean;
}): React.JSX.Element {
  return (
    <input
      className="jp-mlops-text"
      data-wide={props.wide}
      type={props.type ?? 'text'}
      aria-label={props.label}
      aria-invalid={props.isWrong}
      title={props.label}
      value={props.value}
      placeholder={props.hint}
      list={props.list}
      onChange={event => props.onChange(event.target.value)}
    />
  );
}

/** Several of a few values, all of them in sight. */
export function Toggles<T>(props: {
  label: string;
  options: readonly (readonly [value: T, name: string])[];
  chosen: readonly T[];
  onChange: (chosen: T[]) => void;
}): React.JSX.Element {
  const { options, chosen, onChange } = props;
  return (
    <span className="jp-mlops-toggles" role="group" aria-label={props.label}>
      {options.map(([value, name]) => (
        <button
          key={name}
          type="button"
          aria-pressed={chosen.includes(value)}
          onClick={() =>
            onChange(
              options
                .map(([one]) => one)
                .filter(one =>
                  one === value ? !chosen.includes(one) : chosen.includes(one)
                )
            )
          }
        >
          {name}
        </button>
      ))}
    </span>
  );
}
