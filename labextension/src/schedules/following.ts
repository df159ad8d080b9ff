/** Changing schedules, and hearing how their runs come out. */

import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';

import { Client } from '../api/client';
import { Schedules } from '../api/types';
import { Fetched } from '../panel/fetched';
import { Change } from './section';
import { newlyOver, tell } from './telling';

const PAUSE = 2000;

/** Changes a schedule; before one is removed, the user is asked. */
export async function changeSchedule(
  what: Change,
  name: string,
  schedules: Pick<Fetched<unknown>, 'do'>,
  client: Client,
  trans: TranslationBundle
): Promise<void> {
  if (what === 'remove') {
    const answer = await showDialog({
      title: trans.__('Remove the schedule %1?', name),
      body: trans.__('Its history and its runs stay.'),
      buttons: [
        Dialog.cancelButton(),
        Dialog.warnButton({ label: trans.__('Remove') })
      ]
    });
    if (!answer.button.accept) {
      return;
    }
  }
  await schedules.do(() => client.changeSchedule(what, name));
}

/** Looks at schedules when the store has changed, seen or not, and tells what is over. */
export function followSchedules(client: Client): { noteChange(): void } {
  let known: Schedules | null = null;
  let waiting = 0;
  const look = async (): Promise<void> => {
    waiting = 0;
    try {
      const now = await client.schedules();
      if (known !== null) {
        newlyOver(known, now).forEach(([schedule, firing]) =>
          tell(schedule, firing)
        );
      }
      known = now;
    } catch {
      // the section of the panel says what is wrong
    }
  };
  void look();
  return {
    noteChange: () => {
      if (waiting === 0) {
        waiting = window.setTimeout(() => void look(), PAUSE);
      }
    }
  };
}
