/** When a schedule is due. */

import * as React from 'react';

import { Card, Choice, Segments, Tick } from '../elements';
import { Kind, UNITS } from '../schedules/wish';
import { Line, Text, Toggles } from './fields';
import { Shown } from './page';

/** The card. */
export function When(props: Shown): React.JSX.Element {
  const { around, written, change } = props;
  const { trans } = around;
  const kinds: [Kind, string][] = [
    ['daily', trans.__('Daily')],
    ['weekly', trans.__('Weekly')],
    ['monthly', trans.__('Monthly')],
    ['every', trans.__('Every')],
    ['data', trans.__('On data')],
    ['drift', trans.__('On drift')],
    ['cron', trans.__('Cron')]
  ];
  return (
    <Card
      title={trans.__('When')}
      hint={props.isChanged ? trans.__('changes are not saved yet') : ''}
    >
      <Line label={trans.__('Repeat')}>
        <Segments
          label={trans.__('Repeat')}
          value={written.kind}
          options={kinds}
          onChange={kind =>
            change(written.kind === 'drift' ? { kind, drift: '' } : { kind })
          }
        />
      </Line>
      <Times {...props} />
      {written.kind === 'data' && <Data {...props} />}
      {written.kind === 'drift' && <Drift {...props} />}
      <AlsoOnData {...props} />
      <AlsoOnDrift {...props} />
      <Line label={trans.__('From, until')}>
        <Text
          label={trans.__('First day')}
          type="date"
          value={written.start}
          onChange={start => change({ start })}
        />
        {trans.__('to')}
        <Text
          label={trans.__('Last day')}
          type="date"
          value={written.end}
          onChange={end => change({ end })}
        />
      </Line>
      {!['data', 'drift'].includes(written.kind) && <Missed {...props} />}
    </Card>
  );
}

function Missed({ around, written, change }: Shown): React.JSX.Element {
  const { trans } = around;
  return (
    <Line
      label=""
      help={trans.__(
        'A run whose time was missed waits for the next time. Otherwise it runs once, as soon as possible.'
      )}
    >
      <Tick
        label={trans.__('Skip missed runs')}
        checked={written.skip}
        onChange={skip => change({ skip })}
      />
    </Line>
  );
}

function Times(props: Shown): React.JSX.Element | null {
  const { around, written, change } = props;
  const { trans } = around;
  switch (written.kind) {
    case 'data':
    case 'drift':
      return null;
    case 'every':
      return <Every {...props} />;
    case 'cron':
      return (
        <Line
          label={trans.__('Cron line')}
          help={trans.__('minute hour day month weekday, or @daily')}
        >
          <Text
            label={trans.__('Cron line')}
            value={written.cron}
            onChange={cron => change({ cron })}
          />
          <Zone {...props} />
        </Line>
      );
    default:
      return (
        <>
          <Days {...props} />
          <Line label={trans.__('At')}>
            <Text
              label={trans.__('Time of day')}
              type="time"
              value={written.at}
              onChange={at => change({ at })}
            />
            <Zone {...props} />
          </Line>
        </>
      );
  }
}

function Every({ around, written, change }: Shown): React.JSX.Element {
  const { trans } = around;
  return (
    <Line
      label={trans.__('Every')}
      help={trans.__('Counted from when the schedule was made.')}
    >
      <Text
        label={trans.__('How many')}
        type="number"
        value={written.count}
        onChange={count => change({ count })}
      />
      <Choice
        label={trans.__('Unit')}
        value={written.unit}
        values={UNITS}
        names={{
          min: trans.__('minutes'),
          h: trans.__('hours'),
          d: trans.__('days')
        }}
        onChange={unit => change({ unit: unit as typeof written.unit })}
      />
    </Line>
  );
}

function Days(props: Shown): React.JSX.Element {
  const { around, written, change } = props;
  const { trans } = around;
  const names: [number, string][] = [
    [1, trans.__('Mon')],
    [2, trans.__('Tue')],
    [3, trans.__('Wed')],
    [4, trans.__('Thu')],
    [5, trans.__('Fri')],
    [6, trans.__('Sat')],
    [7, trans.__('Sun')]
  ];
  if (written.kind === 'daily') {
    return (
      <Line label={trans.__('Days')}>
        <Toggles
          label={trans.__('Days')}
          options={names}
          chosen={written.days}
          onChange={days => change({ days })}
        />
      </Line>
    );
  }
  if (written.kind === 'weekly') {
    return (
      <Line label={trans.__('Day')}>
        <Segments
          label={trans.__('Day')}
          value={String(written.day)}
          options={names.map(([day, name]) => [String(day), name] as const)}
          onChange={day => change({ day: Number(day) })}
        />
      </Line>
    );
  }
  const dates = Array.from({ length: 31 }, (_, place) => String(place + 1));
  return (
    <Line
      label={trans.__('Day')}
      help={
        Number(written.date) > 28
          ? trans.__('Months that are shorter are left out.')
          : ''
      }
    >
      <Choice
        label={trans.__('Day of the month')}
        value={written.date}
        values={[...dates, 'L']}
        names={{ L: trans.__('last') }}
        onChange={date => change({ date })}
      />
    </Line>
  );
}

function Zone({ around, written, change }: Shown): React.JSX.Element {
  const zones = React.useMemo(
    () => [
      'UTC',
      ...(
        Intl as unknown as { supportedValuesOf(key: string): string[] }
      ).supportedValuesOf('timeZone')
    ],
    []
  );
  return (
    <>
      <Text
        label={around.trans.__('Time zone')}
        value={written.tz}
        list="jp-mlops-zones"
        onChange={tz => change({ tz })}
      />
      <datalist id="jp-mlops-zones">
        {zones.map(zone => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
    </>
  );
}

function Drift({ around, written, change }: Shown): React.JSX.Element {
  const { trans, client } = around;
  const [names, setNames] = React.useState<readonly string[]>([]);
  React.useEffect(() => {
    client.models().then(
      ({ models }) => setNames(models.map(one => one.name)),
      () => undefined // the name can be written all the same
    );
  }, [client]);
  return (
    <Line
      label={trans.__('Model')}
      help={trans.__(
        'It is due when monitoring finds drift that lasts, or a loss beyond its limit.'
      )}
    >
      <Text
        label={trans.__('Model that is watched')}
        value={written.drift}
        list="jp-mlops-models"
        onChange={drift => change({ drift })}
      />
      <datalist id="jp-mlops-models">
        {names.map(name => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </Line>
  );
}

/** A schedule with times may be due on data as well; that can be taken away here. */
function AlsoOnData(props: Shown): React.JSX.Element | null {
  const { around, written, change, detail } = props;
  const data = (detail?.data ?? []).join(', ');
  return written.kind === 'data' || data === '' ? null : (
    <Line label="">
      <Tick
        label={around.trans.__('Also when %1 changes', data)}
        checked={written.alsoData}
        onChange={alsoData => change({ alsoData, data })}
      />
    </Line>
  );
}

/** A schedule with times may be due on drift as well; that can be taken away here. */
function AlsoOnDrift(props: Shown): React.JSX.Element | null {
  const { around, written, change, detail } = props;
  const model = detail?.on_drift ?? '';
  return written.kind === 'drift' || model === '' ? null : (
    <Line label="">
      <Tick
        label={around.trans.__('Also when %1 drifts', model)}
        checked={written.drift !== ''}
        onChange={isWanted => change({ drift: isWanted ? model : '' })}
      />
    </Line>
  );
}

function Data({ around, written, change }: Shown): React.JSX.Element {
  const { trans } = around;
  return (
    <>
      <Line
        label={trans.__('Files or folders')}
        help={trans.__(
          'As in the file browser, with commas. It is due when their content changes or files are added.'
        )}
      >
        <Text
          wide
          label={trans.__('Files or folders')}
          hint="data, prices.csv"
          value={written.data}
          onChange={data => change({ data })}
        />
      </Line>
      <Line
        label={trans.__('Only files')}
        help={trans.__('A name with * for anything; empty for all.')}
      >
        <Text
          label={trans.__('Pattern of names')}
          hint="*.csv"
          value={written.pattern}
          onChange={pattern => change({ pattern })}
        />
      </Line>
      <Line
        label={trans.__('Wait for')}
        help={trans.__(
          'A file counts when its folder has a file of this name that is not older; empty: at once.'
        )}
      >
        <Text
          label={trans.__('Marker file')}
          hint="_SUCCESS"
          value={written.marker}
          onChange={marker => change({ marker })}
        />
      </Line>
      <Settled {...{ around, written, change }} />
    </>
  );
}

function Settled({
  around,
  written,
  change
}: Pick<Shown, 'around' | 'written' | 'change'>): React.JSX.Element {
  const { trans } = around;
  return (
    <Line
      label={trans.__('Left alone for')}
      help={trans.__(
        'How long nobody may have written, and the least time between two runs.'
      )}
    >
      <Text
        label={trans.__('Settle time')}
        hint="2s"
        value={written.settle}
        onChange={settle => change({ settle })}
      />
      <Text
        label={trans.__('Least time between two runs')}
        hint={trans.__('no least time')}
        value={written.cooldown}
        onChange={cooldown => change({ cooldown })}
      />
    </Line>
  );
}
