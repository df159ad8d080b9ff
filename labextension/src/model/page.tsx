/** The page of a registered model: its versions over time, what their gates said, and the card of one beside it. */

import * as React from 'react';

import { ModelHistory, WholeVersion } from '../api/types';
import { Fetched } from '../panel/fetched';
import { useFetched } from '../pages/fetched';
import { PageProblem } from '../pages/missing';
import type { Address, Sight } from '../pages/page';
import { Surroundings } from '../pages/surroundings';
import { CardOf } from './card';
import { Compared } from './compared';
import { EvaluationOf } from './evaluation';
import { Gates } from './gates';
import { Header } from './header';
import { Moves } from './moves';
import { Production } from './production';
import { Timeline } from './timeline';

/** What every part of the page is given. */
export interface Shown {
  around: Surroundings;
  fetched: Fetched<ModelHistory | null>;
  model: ModelHistory;
  champion: WholeVersion | undefined;
  chosen: WholeVersion;
  choose: (version: number) => void;
  isCompared: boolean;
  compare: (isCompared: boolean) => void;
}

/** The page. */
export default function ModelPage(props: {
  around: Surroundings;
  sight: Sight;
  address: Extract<Address, { kind: 'model' }>;
}): React.JSX.Element {
  const { around, sight, address } = props;
  const { trans } = around;
  const fetched = useFetched(around, sight, address.name, () =>
    around.client.modelHistory(address.name)
  );
  const [version, setVersion] = React.useState(address.version ?? 0);
  const [isCompared, setCompared] = React.useState(address.compare === true);
  React.useEffect(() => {
    setVersion(address.version ?? 0);
    setCompared(address.compare === true);
  }, [address]);
  const model = fetched.value;
  const chosen =
    model?.versions.find(one => one.version === version) ?? model?.versions[0];
  return (
    <div className="jp-mlops-model-page">
      <PageProblem
        around={around}
        problem={fetched.problem}
        what={trans.__('There is no model %1', address.name)}
      />
      {model === null && !fetched.problem && (
        <p className="jp-mlops-empty" role="status">
          {trans.__('Loading…')}
        </p>
      )}
      {model && chosen && (
        <Body
          around={around}
          sight={sight}
          fetched={fetched}
          model={model}
          champion={model.versions.find(one =>
            one.aliases.includes('champion')
          )}
          chosen={chosen}
          choose={number => {
            setVersion(number);
            setCompared(false);
          }}
          isCompared={isCompared}
          compare={setCompared}
        />
      )}
    </div>
  );
}

function Body(props: Shown & { sight: Sight }): React.JSX.Element {
  return (
    <>
      <Header {...props} />
      <div className="jp-mlops-model-body">
        <div className="jp-mlops-body">
          {props.isCompared && props.champion && <Compared {...props} />}
          <Timeline {...props} />
          <Gates {...props} />
          <Production {...props} />
          <EvaluationOf {...props} />
          <Moves {...props} />
        </div>
        <CardOf {...props} />
      </div>
    </>
  );
}
