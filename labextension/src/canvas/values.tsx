/** Names with what is known of each: its type and size, or its value. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { RunDetail } from '../api/types';
import { Surroundings } from '../pages/surroundings';
import { automaticOf } from '../runs/automatic';
import { number } from '../runs/words';

/** `DataFrame 569 x 31` → its type and its size. Pure. */
export function typeAndSize(about: string): [type: string, size: string] {
  const shape = /^(.*?) (\d+(?: x \d+)*)$/.exec(about);
  const count = /^(.*?) of (\d+)$/.exec(about);
  const [, type, size] = shape ?? count ?? [];
  const grouped = (text: string): string =>
    text
      .split(' x ')
      .map(part => Number(part).toLocaleString('en'))
      .join(' × ');
  return type === undefined || size === undefined
    ? [about, '']
    : [type, grouped(size)];
}

/** The table. */
export function Values(props: {
  names: readonly string[];
  about: (name: string) => readonly [type: string, size: string];
  trans: TranslationBundle;
}): React.JSX.Element {
  if (props.names.length === 0) {
    return <p className="jp-mlops-hint">{props.trans.__('None')}</p>;
  }
  return (
    <table className="jp-mlops-values">
      <tbody>
        {props.names.map(name => {
          const [type, size] = props.about(name);
          return (
            <tr key={name}>
              <th scope="row" title={name}>
                {name}
              </th>
              <td title={type}>{type}</td>
              <td data-numeric="true">{size}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** The metrics that a step's run has. */
export function Measured(props: {
  around: Surroundings;
  run: string;
}): React.JSX.Element | null {
  const { around, run } = props;
  const [found, setFound] = React.useState<RunDetail | null>(null);
  React.useEffect(() => {
    let wanted = true;
    around.client.run(run).then(
      answer => wanted && setFound(answer),
      () => undefined // the drawer does without
    );
    return () => {
      wanted = false;
    };
  }, [run]);
  const metrics = Object.entries(found?.metrics ?? {});
  const automatic = new Set(automaticOf(found?.facts).metrics);
  return metrics.length === 0 ? null : (
    <table className="jp-mlops-values">
      <tbody>
        {metrics.map(([name, metric]) => (
          <tr key={name}>
            <th scope="row" title={name}>
              {name}
            </th>
            <td>
              {automatic.has(name)
                ? around.trans.__('metric, automatic')
                : around.trans.__('metric')}
            </td>
            <td data-numeric="true">
              <b>{number(metric.latest)}</b>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
