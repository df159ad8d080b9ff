/** Tells in JupyterLab how scheduled runs came out, while one works on something else. */

import { Notification } from '@jupyterlab/apputils';

import { Firing, Schedule, Schedules } from '../api/types';

const OVER = new Set(['finished', 'failed']);

/** The firings that are over now and were not when one looked before. */
export function newlyOver(
  before: Schedules | null,
  now: Schedules
): [Schedule, Firing][] {
  const keyOf = (schedule: Schedule, firing: Firing): string =>
    `${schedule.name} ${firing.due}`;
  const known = new Set(
    before?.schedules.flatMap(schedule =>
      schedule.firings
        .filter(firing => OVER.has(firing.status))
        .map(firing => keyOf(schedule, firing))
    )
  );
  return now.schedules.flatMap(schedule =>
    schedule.firings
      .filter(
        firing => OVER.has(firing.status) && !known.has(keyOf(schedule, firing))
      )
      .map((firing): [Schedule, Firing] => [schedule, firing])
  );
}

/** Tells of one firing. */
export function tell(schedule: Schedule, firing: Firing): void {
  const text = `${schedule.name}: ${firing.why || firing.status}`;
  if (firing.status === 'failed') {
    Notification.error(text, { autoClose: false });
  } else {
    Notification.info(text, { autoClose: 8000 });
  }
}
