/** The model of a page is awake while the page is seen, hears of runs that changed, and ends with the page. */

import { ISignal } from '@lumino/signaling';
import * as React from 'react';

import { useChanges } from '../elements';
import type { Sight } from './page';
import { Surroundings } from './surroundings';

/** What a page shows, and what sleeps while nobody sees it. */
interface Sleeper {
  readonly changed: ISignal<unknown, void>;
  isVisible: boolean;
  noteChange(): void;
  dispose(): void;
}

/** Keeps the model of a page awake as long as the page is seen, and draws the page anew when it changes. */
export function useAwake(
  around: Pick<Surroundings, 'changes'>,
  sight: Sight,
  model: Sleeper
): void {
  React.useEffect(() => {
    const note = (): void => model.noteChange();
    const see = (_: unknown, isSeen: boolean): void => {
      model.isVisible = isSeen;
    };
    around.changes.connect(note);
    sight.seen.connect(see);
    model.isVisible = sight.isSeen;
    return () => {
      around.changes.disconnect(note);
      sight.seen.disconnect(see);
      model.dispose();
    };
  }, [model]);
  useChanges(model.changed);
}
