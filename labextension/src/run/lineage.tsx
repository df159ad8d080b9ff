/** Where a run comes from, and what came of it. */

import * as React from 'react';

import { Lineage as Found, Run } from '../api/types';
import { Card, State } from '../elements';
import { number, stateOf, titleOf, took } from '../runs/words';
import { Origins } from './origin';
import { Shown } from './page';
import { Pairs } from './pairs';

/** The tab. */
export function Lineage({ around, model, found }: Shown): React.JSX.Element {
  const { trans } = around;
  const lineage = useLineage(around, found);
  return (
    <>
      {lineage && lineage.edges.length > 0 && (
        <Card title={trans.__('What went into what')}>
          <Origins
            lineage={lineage}
            trans={trans}
            onOpen={id => around.open({ id, name: '' })}
          />
        </Card>
      )}
      <div className="jp-mlops-columns-2">
        <ComesFrom around={around} model={model} found={found} />
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
    </>
  );
}

/** The notebook, the pipeline and the run that it is part of, and the models that came of it. */
function ComesFrom({ around, model, found }: Shown): React.JSX.Element {
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
    <Card title={trans.__('Comes from')}>
      <Pairs pairs={pairs} trans={trans} />
    </Card>
  );
}

/** The lineage of a run, asked for again when it is over. */
export function useLineage(
  around: Shown['around'],
  found: Shown['found']
): Found | null {
  const [lineage, setLineage] = React.useState<Found | null>(null);
  React.useEffect(() => {
    let wanted = true;
    around.client
      .lineage(found.id)
      .then(answer => wanted && setLineage(answer))
      .catch(() => undefined); // the rest of the tab stands for itself
    return () => {
      wanted = false;
    };
  }, [found.id, found.status]);
  return lineage;
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
