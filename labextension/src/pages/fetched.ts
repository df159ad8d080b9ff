/** What a page knows of the server: asked for while the page is seen, and anew when the store changes. */

import * as React from 'react';

import { useChanges } from '../elements';
import { Fetched } from '../panel/fetched';
import type { Sight } from './page';
import { Surroundings } from './surroundings';

/** The value of `fetch`, made once for each `key`; it sleeps while its page is hidden. */
export function useFetched<T>(
  around: Surroundings,
  sight: Sight,
  key: string,
  fetch: () => Promise<T>
): Fetched<T | null> {
  const fetched = React.useMemo(
    () => new Fetched<T | null>(fetch, null),
    [key]
  );
  React.useEffect(() => {
    const note = (): void => fetched.noteChange();
    const see = (_: unknown, isSeen: boolean): void => {
      fetched.isVisible = isSeen;
    };
    around.changes.connect(note);
    sight.seen.connect(see);
    fetched.isVisible = sight.isSeen;
    return () => {
      around.changes.disconnect(note);
      sight.seen.disconnect(see);
      fetched.isVisible = false;
    };
  }, [fetched]);
  useChanges(fetched.changed);
  return fetched;
}
