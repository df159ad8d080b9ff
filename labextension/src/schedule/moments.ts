/** Moments of a schedule as people say them, in its time zone. Pure. */

import { TranslationBundle } from '@jupyterlab/translation';

/** A time zone, or the browser's own while none is written. */
function known(zone: string): string | undefined {
  try {
    new Intl.DateTimeFormat(undefined, { timeZone: zone });
    return zone;
  } catch {
    return undefined;
  }
}

/** The day and the clock of a moment (seconds since 1970). */
export function momentIn(at: number, zone: string): [string, string] {
  const then = new Date(at * 1000);
  const timeZone = known(zone);
  return [
    then.toLocaleDateString(undefined, {
      weekday: 'short',
      day: 'numeric',
      month: 'short',
      timeZone
    }),
    then.toLocaleTimeString('en-GB', {
      hour: '2-digit',
      minute: '2-digit',
      timeZone
    })
  ];
}

/** The date, as `2026-11-24`, and the hour with its part, of a moment. */
export function placeIn(at: number, zone: string): [string, number] {
  const parts = new Intl.DateTimeFormat('en-CA', {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: known(zone)
  }).formatToParts(new Date(at * 1000));
  const part = (type: string): string =>
    parts.find(one => one.type === type)?.value ?? '0';
  return [
    `${part('year')}-${part('month')}-${part('day')}`,
    Number(part('hour')) + Number(part('minute')) / 60
  ];
}

/** How long it is until then. */
export function inWords(count: number, trans: TranslationBundle): string {
  if (count < 90) {
    return trans.__('in a minute');
  }
  const minutes = Math.round(count / 60);
  if (minutes < 90) {
    return trans.__('in %1 min', minutes);
  }
  const hours = Math.round(minutes / 60);
  return hours < 48
    ? trans.__('in %1 h', hours)
    : trans.__('in %1 days', Math.round(hours / 24));
}
