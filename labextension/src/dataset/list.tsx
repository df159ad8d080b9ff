/** All registered data: the newest version of each, where its aliases point, and where the data lie. */

import * as React from 'react';

import { Dataset, Datasets } from '../api/types';
import { Chip, Command } from '../elements';
import { Surroundings } from '../pages/surroundings';
import { exactly, size, when } from '../runs/words';

/** The list, or what to type where there are none. */
export function List(props: {
  around: Surroundings;
  known: Datasets;
}): React.JSX.Element {
  const { around, known } = props;
  const { trans } = around;
  const { datasets } = known;
  return (
    <>
      <header>
        <div className="jp-mlops-line">
          <h1>{trans.__('Data')}</h1>
          <Chip text={trans.__('%1 registered', datasets.length)} />
        </div>
      </header>
      <div className="jp-mlops-body">
        {datasets.length === 0 ? (
          <Nothing around={around} />
        ) : (
          <Table {...props} />
        )}
      </div>
    </>
  );
}

function Nothing({ around }: { around: Surroundings }): React.JSX.Element {
  const { trans } = around;
  return (
    <div className="jp-mlops-unwatched">
      <h2>{trans.__('No data are registered yet')}</h2>
      <p>
        {trans.__(
          'Registered data have a name and versions by content: runs and models know which version they have read.'
        )}
      </p>
      <p>{trans.__('Register a file or a folder in a cell:')}</p>
      <Command
        text={`mlops_jlab.add_dataset("flights", "data/flights")`}
        trans={trans}
      />
      <p>{trans.__('and read it, in any notebook:')}</p>
      <Command
        text={`pd.read_parquet(mlops_jlab.dataset("flights"))`}
        trans={trans}
      />
    </div>
  );
}

function Table(props: {
  around: Surroundings;
  known: Datasets;
}): React.JSX.Element {
  const { around, known } = props;
  const { trans } = around;
  return (
    <div className="jp-mlops-wide">
      <table className="jp-mlops-table">
        <thead>
          <tr>
            <th scope="col">{trans.__('Data')}</th>
            <th scope="col">{trans.__('Newest')}</th>
            <th scope="col">{trans.__('Aliases')}</th>
            <th scope="col" data-numeric="true">
              {trans.__('Rows')}
            </th>
            <th scope="col" data-numeric="true">
              {trans.__('Size')}
            </th>
            <th scope="col">{trans.__('Added')}</th>
            <th scope="col">{trans.__('Owner')}</th>
            <th scope="col">{trans.__('Lies at')}</th>
          </tr>
        </thead>
        <tbody>
          {known.datasets.map(dataset => (
            <Line key={dataset.name} around={around} dataset={dataset} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Line(props: {
  around: Surroundings;
  dataset: Dataset;
}): React.JSX.Element | null {
  const { around, dataset } = props;
  const { name, owner, versions } = dataset;
  const { trans } = around;
  const [newest] = versions;
  if (newest === undefined) {
    return null;
  }
  const aliases = versions.flatMap(one =>
    one.aliases.map(alias => `${alias} v${one.version}`)
  );
  return (
    <tr>
      <th scope="row">
        <button
          type="button"
          className="jp-mlops-link"
          onClick={() => around.openData(name)}
        >
          {name}
        </button>
      </th>
      <td>{`v${newest.version}`}</td>
      <td>{aliases.join(', ')}</td>
      <td data-numeric="true">{newest.rows?.toLocaleString('en') ?? ''}</td>
      <td data-numeric="true">
        {newest.size === null ? '' : size(newest.size)}
      </td>
      <td title={exactly(newest.created)}>
        {when(newest.created, Date.now() / 1000, trans)}
      </td>
      <td>{owner}</td>
      <td title={newest.source}>{newest.source}</td>
    </tr>
  );
}
