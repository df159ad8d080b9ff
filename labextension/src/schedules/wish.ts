/** What is written in the form of a schedule → what the server is asked for. Pure: the form is somewhere else. */

import { ScheduleWish } from '../api/types';

/** What makes a schedule due. */
export const KINDS = ['cron', 'every', 'data'] as const;

export type Kind = (typeof KINDS)[number];

/** What the server is asked for, but for the notebook. */
export type Wish = Omit<ScheduleWish, 'path'>;

/** What is written in the form. */
export interface Written {
  kind: Kind;
  cron: string;
  tz: string;
  every: string;
  data: string;
  promote: boolean;
  approve: boolean;
  pin: boolean;
  skip: boolean;
  alert: string;
}

/** What the form says before anything is written. */
export function usual(): Written {
  return {
    kind: 'cron',
    cron: '0 3 * * *',
    tz: Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC',
    every: '6h',
    data: '',
    promote: true,
    approve: false,
    pin: false,
    skip: false,
    alert: ''
  };
}

/** What the server is asked for. */
export function wishOf(written: Written): Wish {
  const lines = (text: string): string[] =>
    text
      .split(/[\n,]/)
      .map(line => line.trim())
      .filter(Boolean);
  const when = {
    cron: { cron: written.cron.trim(), tz: written.tz.trim() },
    every: { every: written.every.trim() },
    data: { data: lines(written.data) }
  }[written.kind];
  return {
    ...when,
    pin: written.pin,
    catch_up: written.skip ? 'skip' : 'once',
    alerts: lines(written.alert),
    ...(written.promote
      ? { promote: 'champion', approve: written.approve }
      : {})
  };
}
