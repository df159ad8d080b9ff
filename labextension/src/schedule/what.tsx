/** What happens when a schedule is due: the notebook, its parameters, the gate, and who is told. */

import * as React from 'react';

import { Parameter } from '../api/types';
import { Card, Choice, Segments, Tick } from '../elements';
import { textOf } from '../pipelines/parameters';
import { Line, Text, Toggles } from './fields';
import { Shown } from './page';

/** The card. */
export function What(props: Shown): React.JSX.Element {
  const { around, written, change, path } = props;
  const { trans } = around;
  return (
    <Card title={trans.__('What')}>
      <Line label={trans.__('Name')}>
        <Text
          label={trans.__('Name')}
          hint={path
            .split('/')
            .pop()
            ?.replace(/\.ipynb$/, '')}
          value={written.name}
          onChange={name => change({ name })}
        />
      </Line>
      <Line label={trans.__('Notebook')}>
        <button
          type="button"
          className="jp-mlops-link"
          onClick={() => around.openFile(path)}
        >
          {path}
        </button>
        <Segments
          label={trans.__('Which version of the notebook')}
          value={written.pin ? 'now' : 'then'}
          options={[
            ['then', trans.__('As it is then')],
            ['now', trans.__('As it is now')]
          ]}
          onChange={which => change({ pin: which === 'now' })}
        />
      </Line>
      <Parameters {...props} />
      <Gate {...props} />
      <Line
        label={trans.__('Time limit')}
        help={trans.__('A run that takes longer is stopped.')}
      >
        <Text
          label={trans.__('Time limit')}
          hint="30min"
          value={written.timeout}
          onChange={timeout => change({ timeout })}
        />
      </Line>
      <Notify {...props} />
    </Card>
  );
}

function Parameters(props: Shown): React.JSX.Element | null {
  const { around, graph, written, previewed } = props;
  const { trans } = around;
  const declared: Pick<Parameter, 'name' | 'default' | 'help' | 'choices'>[] =
    graph?.parameters.filter(one => !one.secret && !one.computed) ??
    Object.keys(written.parameters).map(name => ({ name }));
  const changed = Object.values(written.parameters).filter(text => text.trim());
  if (declared.length === 0) {
    return null;
  }
  const first = previewed.found?.next[0]?.parameters ?? {};
  return (
    <Line
      label={trans.__('Parameters')}
      help={trans._n(
        '%1 changed from the notebook. Dates: {due}, {last} or {due - 1 month:%Y-%m}.',
        '%1 changed from the notebook. Dates: {due}, {last} or {due - 1 month:%Y-%m}.',
        changed.length,
        changed.length
      )}
    >
      <div className="jp-mlops-parameter-grid">
        {declared.map(one => (
          <OneParameter
            key={one.name}
            {...props}
            parameter={one}
            then={first[one.name]}
          />
        ))}
      </div>
    </Line>
  );
}

function OneParameter(
  props: Shown & {
    parameter: Pick<Parameter, 'name' | 'default' | 'help'>;
    then: string | undefined;
  }
): React.JSX.Element {
  const { around, written, change, parameter, then } = props;
  const { name } = parameter;
  const value = written.parameters[name] ?? '';
  return (
    <label data-changed={value.trim() !== ''} title={parameter.help}>
      <span>{name}</span>
      <Text
        label={name}
        value={value}
        hint={textOf(parameter.default)}
        onChange={text =>
          change({ parameters: { ...written.parameters, [name]: text } })
        }
      />
      {then !== undefined && <small>{around.trans.__('next: %1', then)}</small>}
    </label>
  );
}

function Gate({ around, detail, written, change }: Shown): React.JSX.Element {
  const { trans } = around;
  const own = detail?.gates ?? [];
  return (
    <>
      <Line
        label={trans.__('Gate')}
        help={
          own.length > 0 ? (
            <span title={own.join('\n')}>
              {trans.__(
                '%1 rules of the notebook. Rules without enough rows are not judged, and the champion stays.',
                own.length
              )}
            </span>
          ) : (
            trans.__('The rules are in the notebook’s gate cells.')
          )
        }
      >
        <Choice
          label={trans.__('What follows from the gate')}
          value={written.promote ? 'promote' : 'judge'}
          values={['promote', 'judge']}
          names={{
            promote: trans.__('Promote to champion if all rules pass'),
            judge: trans.__('Judge only, promote nothing')
          }}
          onChange={word => change({ promote: word === 'promote' })}
        />
      </Line>
      {written.promote && (
        <Line label="">
          <Tick
            label={trans.__('Ask for approval before promoting')}
            checked={written.approve}
            onChange={approve => change({ approve })}
          />
        </Line>
      )}
      <Line
        label={trans.__('More rules')}
        help={trans.__(
          'One rule per line, in addition to those in the notebook.'
        )}
      >
        <textarea
          className="jp-mlops-text"
          data-wide="true"
          rows={2}
          aria-label={trans.__('More rules')}
          placeholder="size below 5 MB"
          value={written.gate}
          onChange={event => change({ gate: event.target.value })}
        />
      </Line>
    </>
  );
}

function Notify({ around, written, change }: Shown): React.JSX.Element {
  const { trans } = around;
  return (
    <Line
      label={trans.__('Notify')}
      help={trans.__(
        'Addresses with commas: mail, chat or webhook. Passwords are better kept in a variable: env:TEAM_ALERTS.'
      )}
    >
      <Text
        wide
        label={trans.__('Addresses')}
        hint="mailto://..., json://HOST/PATH"
        value={written.alerts}
        onChange={alerts => change({ alerts })}
      />
      <Toggles
        label={trans.__('Notify of')}
        chosen={written.alertOn}
        options={[
          ['failed', trans.__('Failed')],
          ['refused', trans.__('Refused')],
          ['promoted', trans.__('Promoted')],
          ['kept', trans.__('Kept')]
        ]}
        onChange={alertOn => change({ alertOn })}
      />
    </Line>
  );
}
