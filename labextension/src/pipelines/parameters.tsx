/** A form made from the parameters that a notebook declares. The server checks what is written. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Parameter } from '../api/types';

interface Props {
  parameters: readonly Parameter[];
  values: Readonly<Record<string, string>>;
  onChange: (name: string, text: string | null) => void;
  trans: TranslationBundle;
}

/** The default as the form shows it, and as a command line would take it. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) {
    return '';
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The kind of input that fits a parameter best. */
export function inputOf(parameter: Parameter): string {
  const [kind] = parameter.type;
  if (parameter.type.length > 1 || parameter.optional) {
    return 'text';
  }
  const inputs: Record<string, string> = {
    int: 'number',
    float: 'number',
    date: 'date',
    datetime: 'datetime-local'
  };
  return inputs[kind ?? ''] ?? 'text';
}

/** What can be chosen from, if that is little: the choices, or yes and no. */
export function choicesOf(parameter: Parameter): string[] {
  if (parameter.choices) {
    return parameter.choices.map(textOf);
  }
  const isBool = parameter.type.length === 1 && parameter.type[0] === 'bool';
  return isBool ? ['true', 'false'] : [];
}

/** The form. */
export function Parameters(props: Props): React.JSX.Element | null {
  const { parameters, trans } = props;
  if (parameters.length === 0) {
    return null;
  }
  const changed = Object.keys(props.values).length;
  return (
    <details className="jp-mlops-parameters">
      <summary>
        {trans.__('Parameters')}{' '}
        <small className="jp-mlops-hint">
          {changed > 0
            ? trans.__(
                '%1 · %2 of %3 changed',
                Object.entries(props.values)
                  .map(([name, text]) => `${name} ${text}`)
                  .join(', '),
                changed,
                parameters.length
              )
            : trans.__('all as declared')}
        </small>
      </summary>
      {parameters.map(parameter => (
        <Field key={parameter.name} parameter={parameter} {...props} />
      ))}
    </details>
  );
}

function Field(props: Props & { parameter: Parameter }): React.JSX.Element {
  const { parameter, values, onChange, trans } = props;
  const { name } = parameter;
  const usual = textOf(parameter.default);
  const text = values[name] ?? usual;
  const choices = choicesOf(parameter);
  const change = (now: string): void =>
    onChange(name, now === usual ? null : now);
  const told = `${parameter.type.join(' | ')}${parameter.help ? `: ${parameter.help}` : ''}`;
  const common = { value: text, title: told };
  return (
    <label
      className={`jp-mlops-parameter${name in values ? ' jp-mod-changed' : ''}`}
    >
      <span>{name}</span>
      {parameter.secret ? (
        <em>{trans.__('a secret: set %1', name.toUpperCase())}</em>
      ) : choices.length > 0 ? (
        <select
          className="jp-mlops-select"
          {...common}
          onChange={event => change(event.target.value)}
        >
          {choices.map(choice => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : (
        <input
          className="jp-mod-styled"
          {...common}
          type={inputOf(parameter)}
          step="any"
          min={parameter.minimum}
          max={parameter.maximum}
          required={parameter.required}
          placeholder={
            parameter.computed
              ? trans.__('computed by the notebook')
              : parameter.optional
                ? 'None'
                : ''
          }
          onChange={event => change(event.target.value)}
        />
      )}
      {parameter.help && <small>{parameter.help}</small>}
    </label>
  );
}
