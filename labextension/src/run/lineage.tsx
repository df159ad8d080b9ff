/** Where a run comes from, and what came of it. */

import * as React from 'react';

import { Run } from '../api/types';
import { Card, State } from '../elements';
import { number, stateOf, titleOf, took } from '../runs/words';
import { Shown } from './page';
import { Pairs } from './pairs';

/** The tab. */
export function Lineage({ around, model, found }: Shown): React.JSX.Element {
  const { trans } = around;
  const pipeline = found.tags.pipeline?.split('@')[0];
  const link = (id: string, text: string): React.JSX.Element => (
    <button
      type="button"
      className="jp-mlops-link"
      onClick={() => around.open({ id, name: '' })}
    >
      {text}
    </button>
  );
  const pairs = [
    {
      name: trans.__('Notebook'),
      value: found.source || trans.__('not known')
    },
    ...(pipeline ? [{ name: trans.__('Pipeline'), value: pipeline }] : []),
    ...(found.parent === ''
      ? []
      : [
          {
            name: trans.__('Part of'),
            value: link(found.parent, found.parent.slice(0, 8))
          }
        ]),
    ...(found.tags.cached
      ? [{ name: trans.__('Answer of run'), value: found.tags.cached }]
      : []),
    {
      name: trans.__('Models'),
      value:
        model.made
          .map(made => `${made.model} v${made.version.version}`)
          .join(', ') || trans.__('none registered')
    }
  ];
  return (
    <div className="jp-mlops-columns-2">
      <Card title={trans.__('Comes from')}>
        <Pairs pairs={pairs} trans={trans} />
      </Card>
      {found.children.length > 0 && (
        <Card
          title={
            found.kind === 'sweep' ? trans.__('Trials') : trans.__('Steps')
          }
        >
          <Parts runs={found.children} around={around} />
        </Card>
      )}
    </div>
  );
}

/** The parts of a run with their metrics. */
function Parts(props: {
  runs: readonly Run[];
  around: Shown['around'];
}): React.JSX.Element {
  const { runs, around } = props;
  const { trans } = around;
  const names = [...new Set(runs.flatMap(run => Object.keys(run.metrics)))];
  const shown = names.slice(0, 4);
  const now = Date.now() / 1000;
  return (
    <table className="jp-mlops-table" aria-label={trans.__('Parts')}>
      <thead>
        <tr>
          <th scope="col">{trans.__('Name')}</th>
          <th scope="col">{trans.__('Duration')}</th>
          {shown.map(name => (
            <th key={name} scope="col" data-numeric="true">
              {name}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {runs.map(run => (
          <tr key={run.id}>
            <th scope="row">
              <State {...stateOf(run, trans)} />{' '}
              <button
                type="button"
                className="jp-mlops-link"
                title={titleOf(run)}
                onClick={() => around.open(run)}
              >
                {run.name}
              </button>
            </th>
            <td>{took(run, now)}</td>
            {shown.map(name => (
              <td key={name} data-numeric="true">
                {number(run.metrics[name])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
