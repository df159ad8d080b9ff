/** What is written in the form of a schedule ↔ what the server keeps. Pure: the form is somewhere else. */

import { ScheduleDetail, ScheduleWish } from '../api/types';

/** What makes a schedule due, as people say it; the server knows cron lines, distances and data. */
export const KINDS = [
  'daily',
  'weekly',
  'monthly',
  'every',
  'data',
  'drift',
  'cron'
] as const;

export type Kind = (typeof KINDS)[number];

/** Units of a distance, as the server writes them. */
export const UNITS = ['min', 'h', 'd'] as const;

/** What the server is asked for, but for the notebook. */
export type Wish = Omit<ScheduleWish, 'path'>;

/** What is written in the form. Days count from 1, Monday, to 7; `date` is a day of the month or `L`, its last. */
export interface Written {
  name: string;
  kind: Kind;
  days: readonly number[];
  day: number;
  date: string;
  at: string;
  cron: string;
  tz: string;
  count: string;
  unit: (typeof UNITS)[number];
  data: string;
  /** Whether it is due on data as well, beside its times. */
  alsoData: boolean;
  /** The model whose drift makes it due; beside a time, it is due then as well. */
  drift: string;
  settle: string;
  pattern: string;
  marker: string;
  cooldown: string;
  start: string;
  end: string;
  parameters: Readonly<Record<string, string>>;
  promote: boolean;
  approve: boolean;
  pin: boolean;
  skip: boolean;
  gate: string;
  timeout: string;
  alerts: string;
  alertOn: readonly string[];
}

const EVERY_DAY = [1, 2, 3, 4, 5, 6, 7];
const CHAMPION = 'champion';

/** What the form says before anything is written. */
export function usual(): Written {
  return {
    name: '',
    kind: 'daily',
    days: EVERY_DAY,
    day: 1,
    date: '1',
    at: '03:00',
    cron: '0 3 * * *',
    tz: Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC',
    count: '6',
    unit: 'h',
    data: '',
    alsoData: false,
    drift: '',
    settle: '2s',
    pattern: '',
    marker: '',
    cooldown: '',
    start: '',
    end: '',
    parameters: {},
    promote: true,
    approve: false,
    pin: false,
    skip: false,
    gate: '',
    timeout: '',
    alerts: '',
    alertOn: ['failed', 'refused', 'promoted']
  };
}

/** The cron line of what is written; nothing for what is no matter of the clock. */
export function cronOf(written: Written): string {
  const [hour = '', minute = ''] = written.at.split(':');
  const clock = `${Number(minute)} ${Number(hour)}`;
  switch (written.kind) {
    case 'daily': {
      const days = [...written.days].sort();
      const isEach = days.length === EVERY_DAY.length;
      return `${clock} * * ${isEach ? '*' : days.join(',')}`;
    }
    case 'weekly':
      return `${clock} * * ${written.day}`;
    case 'monthly':
      return `${clock} ${written.date} * *`;
    case 'cron':
      return written.cron.trim();
    default:
      return '';
  }
}

/** What is wrong before the server is asked; nothing if all is written that is needed. */
export function missing(
  written: Written
): '' | 'days' | 'time' | 'data' | 'model' {
  const isTimed = ['daily', 'weekly', 'monthly'].includes(written.kind);
  if (isTimed && !/^\d\d:\d\d$/.test(written.at)) {
    return 'time';
  }
  if (written.kind === 'daily' && written.days.length === 0) {
    return 'days';
  }
  if (written.kind === 'drift' && written.drift.trim() === '') {
    return 'model';
  }
  const needsData =
    written.kind === 'data' && linesOf(written.data).length === 0;
  return needsData ? 'data' : '';
}

/** Lines, or parts between commas, without empty ones. */
export function linesOf(text: string): string[] {
  return text
    .split(/[\n,]/)
    .map(line => line.trim())
    .filter(Boolean);
}

/** What the server is asked for. */
export function wishOf(written: Written): Wish {
  const cron = cronOf(written);
  return {
    ...(written.name.trim() ? { name: written.name.trim() } : {}),
    cron,
    tz: written.tz.trim(),
    every:
      written.kind === 'every' ? `${written.count.trim()}${written.unit}` : '',
    data:
      written.kind === 'data' || written.alsoData ? linesOf(written.data) : [],
    on_drift: written.drift.trim(),
    settle: written.settle.trim(),
    pattern: written.pattern.trim(),
    marker: written.marker.trim(),
    cooldown: written.cooldown.trim(),
    start: written.start,
    end: written.end,
    parameters: Object.fromEntries(
      Object.entries(written.parameters).filter(([, text]) => text.trim())
    ),
    promote: written.promote ? CHAMPION : '',
    approve: written.promote && written.approve,
    pin: written.pin,
    gate: written.gate
      .split('\n')
      .map(line => line.trim())
      .filter(Boolean),
    catch_up: written.skip ? 'skip' : 'once',
    timeout: written.timeout.trim(),
    alerts: linesOf(written.alerts),
    alert_on: [...written.alertOn]
  };
}

/** What a form says of a schedule that is kept. */
export function writtenOf(detail: ScheduleDetail): Written {
  const [, count = '6', unit = 'h'] = /^(\d+)(\w+)$/.exec(detail.every) ?? [];
  const when = whenOf(detail);
  return {
    ...usual(),
    ...when,
    name: detail.name,
    tz: detail.tz,
    count,
    unit: UNITS.find(one => one === unit) ?? 'min',
    data: detail.data.join(', '),
    alsoData: when.kind !== 'data' && detail.data.length > 0,
    drift: detail.on_drift,
    settle: detail.settle,
    pattern: detail.pattern,
    marker: detail.marker,
    cooldown: detail.cooldown,
    start: detail.start,
    end: detail.end,
    parameters: detail.parameters,
    promote: detail.promote !== '',
    approve: detail.approve,
    pin: detail.pin,
    skip: detail.catch_up === 'skip',
    gate: detail.gate.join('\n'),
    timeout: detail.timeout,
    alerts: detail.alerts.join(', '),
    alertOn: detail.alert_on
  };
}

/** The plainest kind that says the same. */
function whenOf(
  detail: Pick<ScheduleDetail, 'cron' | 'every' | 'data' | 'on_drift'>
): Partial<Written> {
  const { cron } = detail;
  if (cron === '') {
    const bare = detail.data.length > 0 ? 'data' : 'drift';
    return { kind: detail.every === '' ? bare : 'every' };
  }
  const found = /^(\d+) (\d+) (\*|\d+|L) \* (\*|[\d,]+)$/.exec(cron);
  const [, minute = '', hour = '', date = '', days = ''] = found ?? [];
  if (!found || (date !== '*' && days !== '*')) {
    return { kind: 'cron', cron };
  }
  const at = `${hour.padStart(2, '0')}:${minute.padStart(2, '0')}`;
  if (date !== '*') {
    return { kind: 'monthly', at, date, cron };
  }
  const chosen =
    days === '*'
      ? EVERY_DAY
      : days.split(',').map(day => (day === '0' ? 7 : Number(day)));
  return chosen.length === 1
    ? { kind: 'weekly', at, day: chosen[0] ?? 1, days: chosen, cron }
    : { kind: 'daily', at, days: chosen, cron };
}
