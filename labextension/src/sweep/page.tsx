/** The page of a sweep: its trials as a table, which parameters matter, how the best was found. */

import * as React from 'react';

import { Sweep, Trial } from '../api/types';
import { directionOf } from '../elements';
import { Fetched } from '../panel/fetched';
import { useFetched } from '../pages/fetched';
import { PageProblem } from '../pages/missing';
import type { Address, Sight } from '../pages/page';
import { Surroundings } from '../pages/surroundings';
import { titleOf } from '../runs/words';
import { Course, Importance, Slices } from './charts';
import { Header, Tiles } from './header';
import { metricsOf, ranked, shadesOf } from './outcome';
import { Parallel } from './parallel';
import { Trials } from './trials';

/** What every part of the page is given. */
export interface Shown {
  around: Surroundings;
  fetched: Fetched<Sweep | null>;
  sweep: Sweep;
  metric: string;
  minimize: boolean;
  chooseMetric: (metric: string) => void;
  /** The finished trials, the best first, and the shade of each. */
  order: readonly Trial[];
  shades: ReadonlyMap<number, number>;
  best: Trial | undefined;
  /** The trial that is looked at, by number; 0: none. */
  marked: number;
  mark: (number: number) => void;
}

/** The page. */
export default function SweepPage(props: {
  around: Surroundings;
  sight: Sight;
  address: Extract<Address, { kind: 'sweep' }>;
  onTitle: (label: string) => void;
}): React.JSX.Element {
  const { around, sight, address } = props;
  const fetched = useFetched(around, sight, address.id, () =>
    around.client.sweepOf(address.id)
  );
  const sweep = fetched.value;
  React.useEffect(() => {
    if (sweep !== null) {
      props.onTitle(titleOf(sweep.run));
    }
  }, [sweep?.run.name]);
  return (
    <div className="jp-mlops-sweep-page" data-status={sweep?.run.status}>
      <PageProblem
        around={around}
        problem={fetched.problem}
        what={around.trans.__('There is no such sweep')}
      />
      {sweep === null && !fetched.problem && (
        <p className="jp-mlops-empty" role="status">
          {around.trans.__('Loading…')}
        </p>
      )}
      {sweep && <Body around={around} fetched={fetched} sweep={sweep} />}
    </div>
  );
}

function Body(
  props: Pick<Shown, 'around' | 'fetched' | 'sweep'>
): React.JSX.Element {
  const { sweep } = props;
  const [wanted, chooseMetric] = React.useState('');
  const [marked, mark] = React.useState(0);
  const metric = wanted || (metricsOf(sweep)[0] ?? '');
  const minimize =
    metric === sweep.metric ? sweep.minimize : directionOf(metric) === 'lower';
  const order = React.useMemo(
    () => ranked(sweep.trials, metric, minimize),
    [sweep, metric, minimize]
  );
  const shades = React.useMemo(() => shadesOf(order), [order]);
  const shown: Shown = {
    ...props,
    metric,
    minimize,
    chooseMetric,
    order,
    shades,
    best: order[0],
    marked,
    mark
  };
  return (
    <>
      <Header {...shown} />
      <Tiles {...shown} />
      <div className="jp-mlops-sweep-body">
        <Trials {...shown} />
        <div className="jp-mlops-body">
          <Parallel {...shown} />
          <div className="jp-mlops-columns-halves">
            <Course {...shown} />
            <Importance {...shown} />
          </div>
          <Slices {...shown} />
        </div>
      </div>
    </>
  );
}
