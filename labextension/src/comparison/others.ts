/** The other runs of the experiment that compared runs are of. */

import * as React from 'react';

import { Run } from '../api/types';
import { Surroundings } from '../pages/surroundings';

const MOST = 200;

/** The newest of them; none where the runs are of several experiments. */
export function useOthers(
  { client }: Surroundings,
  runs: readonly Run[]
): readonly Run[] {
  const [others, setOthers] = React.useState<readonly Run[]>([]);
  React.useEffect(() => {
    const experiments = new Set(runs.map(run => run.experiment));
    const [experiment = ''] = experiments;
    if (experiments.size !== 1 || experiment === '') {
      setOthers([]);
      return;
    }
    let wanted = true;
    const ids = new Set(runs.map(run => run.id));
    const text = experiment.replace(/[\\']/g, '\\$&');
    client
      .runs({
        filter: `experiment = '${text}'`,
        order: [],
        after: '',
        limit: MOST,
        top: !runs.some(run => run.parent !== '')
      })
      .then(
        page => wanted && setOthers(page.runs.filter(run => !ids.has(run.id))),
        () => undefined // the page of what was asked for does without them
      );
    return () => {
      wanted = false;
    };
  }, [runs]);
  return others;
}
