/** The pages of registered data: the list of all, and one of them with its versions, columns and readers. */

import * as React from 'react';

import { Dataset, Datasets, DatasetWhole } from '../api/types';
import { ProblemBox } from '../elements';
import { useFetched } from '../pages/fetched';
import type { Address, Sight } from '../pages/page';
import { Surroundings } from '../pages/surroundings';
import { Columns } from './columns';
import { Differences } from './differences';
import { Header } from './header';
import { List } from './list';
import { Side } from './side';

interface Props {
  around: Surroundings;
  sight: Sight;
  address: Extract<Address, { kind: 'data' }>;
}

/** What every part of the page of one dataset is given. */
export interface Shown {
  around: Surroundings;
  dataset: Dataset;
  /** The version that is shown; the last one while another is fetched. */
  whole: DatasetWhole;
  choose: (version: number) => void;
  /** The version beside it, as an address; nothing where there is none. */
  against: string;
  compare: (against: string) => void;
}

/** The page. */
export default function DataPage(props: Props): React.JSX.Element {
  const { around, sight, address } = props;
  const { trans } = around;
  const fetched = useFetched(around, sight, 'datasets', () =>
    around.client.data.datasets()
  );
  const known = fetched.value;
  const dataset = known?.datasets.find(one => one.name === address.name);
  return (
    <div className="jp-mlops-data">
      <ProblemBox problem={fetched.problem} />
      {known === null && !fetched.problem && (
        <p className="jp-mlops-empty" role="status">
          {trans.__('Loading…')}
        </p>
      )}
      {known && address.name === '' && <List around={around} known={known} />}
      {known && address.name !== '' && (
        <One {...props} known={known} dataset={dataset} />
      )}
    </div>
  );
}

function One(
  props: Props & { known: Datasets; dataset: Dataset | undefined }
): React.JSX.Element {
  const { around, sight, address, dataset } = props;
  const { trans } = around;
  const newest = dataset?.versions[0]?.version ?? 0;
  const [version, choose] = React.useState(address.version ?? newest);
  const [against, compare] = React.useState('');
  React.useEffect(() => choose(address.version ?? newest), [address]);
  const fetched = useFetched(
    around,
    sight,
    `${address.name}/${version} ${against}`,
    () => around.client.data.dataset(`${address.name}/${version}`, against)
  );
  const [last, setLast] = React.useState<DatasetWhole | null>(null);
  React.useEffect(() => {
    if (fetched.value !== null) {
      setLast(fetched.value);
    }
  }, [fetched.value]);
  if (dataset === undefined) {
    return (
      <p className="jp-mlops-empty">
        {trans.__('No registered data named “%1”.', address.name)}{' '}
        <button
          type="button"
          className="jp-mlops-link"
          onClick={() => around.openData('')}
        >
          {trans.__('Show all data')}
        </button>
      </p>
    );
  }
  const whole = fetched.value ?? last;
  const shown = { around, dataset, choose, against, compare };
  return (
    <>
      <ProblemBox problem={fetched.problem} />
      {whole && <Body {...shown} whole={whole} />}
    </>
  );
}

function Body(props: Shown): React.JSX.Element {
  return (
    <>
      <Header {...props} />
      <div className="jp-mlops-model-body">
        <div className="jp-mlops-body">
          {props.whole.difference && (
            <Differences {...props} difference={props.whole.difference} />
          )}
          <Columns {...props} />
        </div>
        <Side {...props} />
      </div>
    </>
  );
}
