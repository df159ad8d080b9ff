/** How many cells of some runs differ, for the tab of their code. */

import * as React from 'react';

import { Client } from '../api/client';
import { Run } from '../api/types';

const MOST = 4; // runs whose code is looked at before its tab is opened

/** How many cells of `other` are not cells of `one`, or the other way round, whichever are more. Pure. */
export function cellsApart(
  one: readonly string[],
  other: readonly string[]
): number {
  const missing = (
    from: readonly string[],
    among: readonly string[]
  ): number => {
    const left = [...among];
    return from.filter(cell => {
      const place = left.indexOf(cell);
      if (place >= 0) {
        left.splice(place, 1);
      }
      return place < 0;
    }).length;
  };
  return Math.max(missing(one, other), missing(other, one));
}

/** The most cells in which a run differs from the first one; nothing where that is not known. */
export function useCellsApart(
  client: Client,
  runs: readonly Run[]
): number | null {
  const [found, setFound] = React.useState<number | null>(null);
  const ids = runs.map(run => run.id).join(' ');
  React.useEffect(() => {
    let wanted = true;
    setFound(null);
    if (runs.length > 1 && runs.length <= MOST) {
      void Promise.all(runs.map(run => client.code(run.id))).then(
        answers => {
          const [first = [], ...others] = answers.map(answer => answer.cells);
          const isKept = first.length > 0 && others.every(own => own.length);
          if (wanted && isKept) {
            setFound(Math.max(...others.map(own => cellsApart(first, own))));
          }
        },
        () => undefined // the tab itself says why
      );
    }
    return () => {
      wanted = false;
    };
  }, [ids]);
  return found;
}
