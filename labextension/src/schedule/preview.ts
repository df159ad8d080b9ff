/** What the server makes of a schedule while it is written. */

import { Debouncer } from '@lumino/polling';
import * as React from 'react';

import { SchedulePreview } from '../api/types';
import { Surroundings } from '../pages/surroundings';
import { Problem, problemOf } from '../problems';
import { missing, wishOf, Written } from '../schedules/wish';

const PAUSE = 250;

/** The next times, or what is wrong; `isOld` while there is no answer to what is written now. */
export interface Previewed {
  found: SchedulePreview | null;
  problem: Problem | null;
  isOld: boolean;
}

/** Asks when the writing pauses; the last good answer stays beside a problem. */
export function usePreview(
  around: Surroundings,
  written: Written,
  path: string,
  of: string
): Previewed {
  const [state, setState] = React.useState<Previewed>({
    found: null,
    problem: null,
    isOld: true
  });
  const wish = JSON.stringify(wishOf(written));
  const latest = React.useRef('');
  latest.current = wish;
  const ask = async (): Promise<void> => {
    const asked = latest.current;
    try {
      const found = await around.client.previewSchedule({
        ...JSON.parse(asked),
        ...(of === '' ? { path } : { of })
      });
      if (asked === latest.current) {
        setState({ found, problem: null, isOld: false });
      }
    } catch (error) {
      if (asked === latest.current) {
        setState({ found: null, problem: problemOf(error), isOld: false });
      }
    }
  };
  const soon = React.useMemo(() => new Debouncer(ask, PAUSE), [path, of]);
  React.useEffect(() => () => soon.dispose(), [soon]);
  const lacks = missing(written);
  React.useEffect(() => {
    setState(before => ({ ...before, isOld: true }));
    if (lacks === '') {
      void soon.invoke().catch(() => undefined); // a later one has taken its place
    }
  }, [wish, soon, lacks]);
  const { trans } = around;
  const words = {
    '': '',
    days: trans.__('Choose a day.'),
    time: trans.__('Write a time, such as 03:00.'),
    data: trans.__('Name a file or a folder.'),
    model: trans.__('Name a registered model.')
  };
  return lacks === ''
    ? state
    : {
        found: null,
        problem: { message: words[lacks], hint: '' },
        isOld: false
      };
}
