/** A new schedule: when, and what happens then, asked for in a dialog. */

import { Dialog, ReactWidget, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Choice, Tick } from '../elements';
import { Kind, KINDS, usual, Wish, wishOf, Written } from './wish';

class ScheduleForm extends ReactWidget {
  constructor(private readonly _trans: TranslationBundle) {
    super();
    this.addClass('jp-mlops-sweep');
  }

  written = usual();

  protected override render(): React.JSX.Element {
    return (
      <Form
        usual={this.written}
        onChange={written => (this.written = written)}
        trans={this._trans}
      />
    );
  }
}

/** Asks when; nothing if the user would rather not. */
export async function askForSchedule(
  trans: TranslationBundle
): Promise<Wish | null> {
  const body = new ScheduleForm(trans);
  const answer = await showDialog({
    title: trans.__('Schedule'),
    body,
    buttons: [
      Dialog.cancelButton(),
      Dialog.okButton({ label: trans.__('Schedule') })
    ]
  });
  return answer.button.accept ? wishOf(body.written) : null;
}

interface FieldsProps {
  written: Written;
  change: (part: Partial<Written>) => void;
  trans: TranslationBundle;
}

function Form(props: {
  usual: Written;
  onChange: (written: Written) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { trans, onChange } = props;
  const [written, setWritten] = React.useState(props.usual);
  const change = (part: Partial<Written>): void => {
    const now = { ...written, ...part };
    setWritten(now);
    onChange(now);
  };
  const fields = { written, change, trans };
  return (
    <div>
      <label className="jp-mlops-parameter">
        <span>{trans.__('Run it')}</span>
        <Choice
          label={trans.__('Run it')}
          value={written.kind}
          values={KINDS}
          names={{
            cron: trans.__('at set times'),
            every: trans.__('every so often'),
            data: trans.__('when data changes')
          }}
          onChange={word => change({ kind: word as Kind })}
        />
      </label>
      <When {...fields} />
      <Then {...fields} />
    </div>
  );
}

function Line(props: {
  label: string;
  hint?: string;
  value: string;
  onChange: (text: string) => void;
}): React.JSX.Element {
  return (
    <label className="jp-mlops-parameter">
      <span>{props.label}</span>
      <input
        className="jp-mod-styled"
        value={props.value}
        placeholder={props.hint}
        onChange={event => props.onChange(event.target.value)}
      />
    </label>
  );
}

function When({ written, change, trans }: FieldsProps): React.JSX.Element {
  if (written.kind === 'every') {
    return (
      <Line
        label={trans.__('Every')}
        hint="15min, 6h, 1d"
        value={written.every}
        onChange={every => change({ every })}
      />
    );
  }
  if (written.kind === 'data') {
    return (
      <Line
        label={trans.__('Files or folders')}
        hint={trans.__('as in the file browser, with commas')}
        value={written.data}
        onChange={data => change({ data })}
      />
    );
  }
  return (
    <>
      <Line
        label={trans.__('Cron line')}
        hint={trans.__('minute hour day month weekday')}
        value={written.cron}
        onChange={cron => change({ cron })}
      />
      <Line
        label={trans.__('Time zone')}
        value={written.tz}
        onChange={tz => change({ tz })}
      />
      <Tick
        label={trans.__('Leave out times that were missed')}
        checked={written.skip}
        onChange={skip => change({ skip })}
      />
    </>
  );
}

/** What happens when it is due. */
function Then({ written, change, trans }: FieldsProps): React.JSX.Element {
  return (
    <>
      <Tick
        label={trans.__('Execute the notebook as it is now, not as it will be')}
        checked={written.pin}
        onChange={pin => change({ pin })}
      />
      <Tick
        label={trans.__('Versions whose gate passes become champion')}
        checked={written.promote}
        onChange={promote => change({ promote })}
      />
      {written.promote && (
        <Tick
          label={trans.__('Somebody has to approve')}
          checked={written.approve}
          onChange={approve => change({ approve })}
        />
      )}
      <Line
        label={trans.__('Tell')}
        hint="mailto://..., json://HOST/PATH"
        value={written.alert}
        onChange={alert => change({ alert })}
      />
    </>
  );
}
