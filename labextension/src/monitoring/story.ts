/** What the windows of a watched model come to: the state in one line, and what happened when. Pure. */

import { TranslationBundle } from '@jupyterlab/translation';

import { ColumnDrift, MonitoringHistory, MonitoringWindow } from '../api/types';
import { number } from '../runs/words';

/** How a cell of the strip is drawn: from nothing to far more than matters. */
export type Level = 'none' | 'some' | 'near' | 'drifted' | 'far';

const FAR = 3;

/** By how many times what is needed a column has moved; a column that is gone has moved without bound. */
export function timesOf(cell: ColumnDrift): number {
  return cell.needed > 0 ? cell.effect / cell.needed : cell.drifted ? FAR : 0;
}

/** The level of a cell. Only what is significant *and* large enough has drifted. */
export function levelOf(cell: ColumnDrift): Level {
  const times = timesOf(cell);
  if (cell.drifted) {
    return times >= FAR ? 'far' : 'drifted';
  }
  return times >= 1 ? 'near' : times >= 0.5 ? 'some' : 'none';
}

/** By how much a column has moved, in the unit of its test, in at most four signs. */
export function movedBy(cell: ColumnDrift): string {
  if (cell.test === 'kind') {
    return '≠';
  }
  if (cell.test === 'missing') {
    return `${Math.round(cell.effect * 100)} %`;
  }
  return cell.effect >= 9.95
    ? String(Math.round(cell.effect))
    : cell.effect.toFixed(cell.effect >= 0.995 ? 1 : 2);
}

/** Something that happened, the newest first where there are several. */
export interface Happened {
  mark: 'warning' | 'good' | 'fired' | 'held' | 'promoted';
  what: string;
  why: string;
  at: number;
}

/** A column, or the loss, and since when it has drifted in every window up to the newest. */
export interface Lasting {
  name: string;
  since: MonitoringWindow;
  windows: number;
}

/** What has drifted in the newest window, and how long that has been so. */
export function lastingOf(windows: readonly MonitoringWindow[]): Lasting[] {
  const newest = windows[windows.length - 1];
  return (newest?.drifted ?? []).map(name => {
    let place = windows.length - 1;
    while (windows[place - 1]?.drifted.includes(name)) {
      place -= 1;
    }
    return {
      name,
      since: windows[place] as MonitoringWindow,
      windows: windows.length - place
    };
  });
}

/** The state of the model in one line, and whether it needs somebody. */
export function verdictOf(
  { windows }: Pick<MonitoringHistory, 'windows'>,
  trans: TranslationBundle
): { text: string; isBad: boolean } {
  const range = rangeOf(windows);
  const lasting = lastingOf(windows);
  const columns = lasting.filter(one => one.name !== 'loss');
  const parts = columns
    .slice(0, 3)
    .map(one =>
      trans.__('%1 drifts since %2', one.name, dayOf(one.since.at, range))
    );
  if (columns.length > 3) {
    parts.push(trans.__('%1 more columns drift', columns.length - 3));
  }
  const text = [parts.join(', ') || trans.__('No column drifts')];
  const losses = windows.filter(one => one.loss !== null);
  const last = losses[losses.length - 1]?.loss;
  if (last && last.limit !== null) {
    text.push(
      last.over
        ? trans.__('the loss is beyond its limit')
        : trans.__('the loss stays within its limit')
    );
  }
  return {
    text: `${text.join('; ')}.`,
    isBad: lasting.length > 0 || last?.over === true
  };
}

/** What happened: what the policy did, what drifts since when, how the loss went, and who became champion. */
export function happenedIn(
  history: MonitoringHistory,
  trans: TranslationBundle
): Happened[] {
  const { windows } = history;
  const found: Happened[] = [
    ...actionsOf(windows, trans),
    ...lossesOf(windows, trans),
    ...lastingOf(windows)
      .filter(one => one.name !== 'loss')
      .map((one): Happened => {
        const place = history.columns.indexOf(one.name);
        const cell = windows[windows.length - 1]?.cells[place];
        return {
          mark: 'warning',
          what: trans._n(
            '%2 drifts in the newest window',
            '%2 drifts in the last %1 windows',
            one.windows,
            one.windows,
            one.name
          ),
          why: toldOf(cell?.why ?? ''),
          at: one.since.at
        };
      }),
    ...history.moves
      .filter(
        move => move.alias === 'champion' && move.at >= (windows[0]?.at ?? 0)
      )
      .map((move): Happened => ({
        mark: 'promoted',
        what:
          move.action === 'roll back'
            ? trans.__('v%1 rolled back to v%2', move.before, move.after)
            : trans.__('v%1 became champion', move.after),
        why: [trans.__('by %1', move.who), move.reason]
          .filter(Boolean)
          .join(': '),
        at: move.at
      }))
  ];
  return found.sort((one, other) => other.at - one.at);
}

/** Retrainings, fired or held back; held back several times in a row is told once. */
function actionsOf(
  windows: readonly MonitoringWindow[],
  trans: TranslationBundle
): Happened[] {
  const found: Happened[] = [];
  windows.forEach((window, place) => {
    if (window.action === 'retrain') {
      found.push({
        mark: 'fired',
        what: trans.__('Retraining requested'),
        why: window.why,
        at: window.at
      });
    }
    const isLast = windows[place + 1]?.action !== 'held back';
    if (window.action === 'held back' && isLast) {
      let first = place;
      while (windows[first - 1]?.action === 'held back') {
        first -= 1;
      }
      const times = place - first + 1;
      found.push({
        mark: 'held',
        what: trans._n(
          'Retraining held back',
          'Retraining held back %1 times',
          times,
          times
        ),
        why: window.why,
        at: window.at
      });
    }
  });
  return found;
}

/** When the loss went beyond its limit, and when it came back. */
function lossesOf(
  windows: readonly MonitoringWindow[],
  trans: TranslationBundle
): Happened[] {
  const found: Happened[] = [];
  let isOver = false;
  for (const { loss, at } of windows) {
    if (loss === null || loss.limit === null || loss.over === isOver) {
      continue;
    }
    isOver = loss.over;
    const why = trans.__(
      '%1 %2, limit %3, at the test %4',
      loss.metric,
      number(loss.value),
      number(loss.limit),
      number(loss.at_test)
    );
    found.push({
      mark: isOver ? 'warning' : 'good',
      what: isOver
        ? trans.__('Loss beyond its limit')
        : trans.__('Loss within its limit again'),
      why,
      at
    });
  }
  return found;
}

/** How many seconds lie between the first and the last window. */
export function rangeOf(windows: readonly MonitoringWindow[]): number {
  return (windows[windows.length - 1]?.at ?? 0) - (windows[0]?.at ?? 0);
}

/** What a test has found, with a chance that is readable. */
export function toldOf(why: string): string {
  return why.replace(/\(p = ([^)]*)\)/, (whole, p: string) =>
    Number(p) < 0.001 ? '(p < 0.001)' : whole
  );
}

/** A moment as an axis says it: the day, or within two days the hour. */
export function dayOf(at: number, range: number): string {
  return new Date(at * 1000).toLocaleString(
    undefined,
    range < 2 * 86_400
      ? { hour: '2-digit', minute: '2-digit' }
      : { day: 'numeric', month: 'short' }
  );
}
