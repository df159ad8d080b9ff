/** What varies in a sweep: values as chips, or a range of numbers. */

import * as React from 'react';

import { Parameter } from '../api/types';
import { Card, Chip, Segments, Tick } from '../elements';
import { Surroundings } from '../pages/surroundings';
import { textOf as defaultOf } from '../pipelines/parameters';
import { Line, Text } from '../schedule/fields';
import { Shown } from './form';
import { isNumber, KEPT, Varied, withValues } from './wish';

/** The card. */
export function Parameters(props: Shown): React.JSX.Element {
  const { around, graph } = props;
  const { trans } = around;
  const usable = (graph?.parameters ?? []).filter(
    one => !one.secret && !one.computed
  );
  return (
    <Card
      title={trans.__('What varies')}
      hint={trans.__('the rest keeps the value of the notebook')}
    >
      {graph !== null && usable.length === 0 && (
        <p className="jp-mlops-hint">
          {trans.__(
            'The notebook declares no parameters. Tag a cell with assignments as parameters.'
          )}
        </p>
      )}
      {usable.map(parameter => (
        <OneParameter key={parameter.name} {...props} parameter={parameter} />
      ))}
    </Card>
  );
}

function OneParameter(
  props: Shown & { parameter: Parameter }
): React.JSX.Element {
  const { around, written, change, parameter } = props;
  const { trans } = around;
  const { name } = parameter;
  const varied = written.varied[name] ?? KEPT;
  const set = (part: Partial<Varied>): void =>
    change({ varied: { ...written.varied, [name]: { ...varied, ...part } } });
  const modes: [Varied['mode'], string][] = [
    ['keep', trans.__('Keep')],
    ['values', trans.__('Values')],
    ...(isNumber(parameter)
      ? [['range', trans.__('Range')] as [Varied['mode'], string]]
      : [])
  ];
  const limits = [parameter.minimum, parameter.maximum];
  const help = [
    parameter.help ?? '',
    limits.some(limit => limit !== undefined)
      ? trans.__('from %1 to %2', limits[0] ?? '…', limits[1] ?? '…')
      : ''
  ].filter(Boolean);
  return (
    <Line label={name} help={help.join('; ')}>
      <Segments
        label={trans.__('How %1 varies', name)}
        value={varied.mode}
        options={modes}
        onChange={mode => set({ mode })}
      />
      {varied.mode === 'keep' && (
        <span className="jp-mlops-hint">{defaultOf(parameter.default)}</span>
      )}
      {varied.mode === 'values' && (
        <Values {...props} varied={varied} set={set} />
      )}
      {varied.mode === 'range' && (
        <Range around={around} name={name} varied={varied} set={set} />
      )}
    </Line>
  );
}

function Values(
  props: Shown & {
    parameter: Parameter;
    varied: Varied;
    set: (part: Partial<Varied>) => void;
  }
): React.JSX.Element {
  const { around, parameter, varied, set } = props;
  const { trans } = around;
  const [text, setText] = React.useState('');
  const take = (): void => {
    set({ values: withValues(varied.values, text) });
    setText('');
  };
  return (
    <>
      {varied.values.map(value => (
        <Chip
          key={value}
          text={value}
          remove={trans.__('Remove %1', value)}
          onRemove={() =>
            set({ values: varied.values.filter(one => one !== value) })
          }
        />
      ))}
      <form
        onSubmit={event => {
          event.preventDefault();
          take();
        }}
      >
        <input
          className="jp-mlops-text"
          aria-label={trans.__('Values of %1', parameter.name)}
          title={trans.__('Enter or a comma adds a value')}
          placeholder={defaultOf(parameter.default)}
          value={text}
          onChange={event => {
            const now = event.target.value;
            if (now.endsWith(',')) {
              set({ values: withValues(varied.values, now) });
              setText('');
            } else {
              setText(now);
            }
          }}
          onBlur={take}
        />
      </form>
    </>
  );
}

function Range(props: {
  around: Surroundings;
  name: string;
  varied: Varied;
  set: (part: Partial<Varied>) => void;
}): React.JSX.Element {
  const { around, name, varied, set } = props;
  const { trans } = around;
  return (
    <>
      <Text
        label={trans.__('Lowest %1', name)}
        hint="1e-4"
        value={varied.low}
        onChange={low => set({ low })}
      />
      {trans.__('to')}
      <Text
        label={trans.__('Highest %1', name)}
        hint="1"
        value={varied.high}
        onChange={high => set({ high })}
      />
      <Tick
        label={trans.__('Log scale')}
        checked={varied.log}
        onChange={log => set({ log })}
      />
    </>
  );
}
