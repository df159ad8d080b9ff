/** How watching a model begins: which files are new data, how often one looks, and which column holds the truth. */

import * as React from 'react';

import { Choice, InTerminal } from '../elements';
import { program, quoted } from '../pages/terminals';
import { Surroundings } from '../pages/surroundings';

const OFTEN = ['15min', '1h', '6h', '1d'] as const;

/** What is watched, as the form has it. */
export interface Watching {
  data: string;
  every: string;
  target: string;
}

/** The command that watches. Pure. */
export function commandOf(
  called: string,
  model: string,
  watching: Watching
): string {
  const { data, every, target } = watching;
  return [
    called,
    'monitor',
    quoted(model),
    '--data',
    quoted(data.trim()),
    ...(target.trim() === '' ? [] : ['--target', quoted(target.trim())]),
    '--every',
    every
  ].join(' ');
}

/** The form. */
export function Watch(props: {
  around: Surroundings;
  name: string;
}): React.JSX.Element {
  const { around, name } = props;
  const { trans } = around;
  const [watching, setWatching] = React.useState<Watching>({
    data: 'incoming/*.parquet',
    every: '1h',
    target: ''
  });
  const change = (part: Partial<Watching>): void =>
    setWatching({ ...watching, ...part });
  return (
    <>
      <div className="jp-mlops-watch">
        <label>
          {trans.__('New files')}
          <input
            value={watching.data}
            onChange={event => change({ data: event.target.value })}
          />
        </label>
        <label>
          {trans.__('Look every')}
          <Choice
            label={trans.__('Look every')}
            value={watching.every}
            values={OFTEN}
            names={{
              '15min': trans.__('15 minutes'),
              '1h': trans.__('hour'),
              '6h': trans.__('6 hours'),
              '1d': trans.__('day')
            }}
            onChange={every => change({ every })}
          />
        </label>
        <label>
          {trans.__('True outcome')}
          <input
            placeholder={trans.__('column, if they have one')}
            value={watching.target}
            onChange={event => change({ target: event.target.value })}
          />
        </label>
      </div>
      <InTerminal
        label={trans.__('Start Watching')}
        text={commandOf(program(), name, watching)}
        start={watching.data.trim() === '' ? null : around.inTerminal}
        trans={trans}
      />
    </>
  );
}
