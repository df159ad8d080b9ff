/** A signal as React knows changes. */

import { ISignal } from '@lumino/signaling';
import * as React from 'react';

/** Draws anew with each change; how many there were so far. */
export function useChanges(signal: ISignal<unknown, unknown>): number {
  const [count, add] = React.useReducer((before: number) => before + 1, 0);
  React.useEffect(() => {
    const note = (): void => add();
    signal.connect(note);
    return () => void signal.disconnect(note);
  }, [signal]);
  return count;
}
