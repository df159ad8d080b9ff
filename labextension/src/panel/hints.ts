/** What stands beside the heading of a section, so that a folded one tells the most of it. */

import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { Models, Schedules } from '../api/types';
import { inWords, momentIn } from '../schedule/moments';

const CHAMPION = 'champion';

/** Writes beside the heading of a section; a heading is drawn anew only where the words change. */
export function hint(section: Widget, text: string): void {
  const { title } = section;
  if ((title.dataset.hint ?? '') !== text) {
    title.dataset = { ...title.dataset, hint: text };
  }
}

/** The registered models in a few words: the newest version of one, or how many there are. */
export function modelsIn({ models }: Models, trans: TranslationBundle): string {
  const [model] = models;
  if (model === undefined) {
    return trans.__('none');
  }
  if (models.length > 1) {
    return trans.__('%1 models', models.length);
  }
  const [newest] = model.versions;
  const champion = model.versions.find(one => one.aliases.includes(CHAMPION));
  return [
    ...(newest ? [trans.__('v%1 of %2', newest.version, model.name)] : []),
    ...(champion ? [trans.__('v%1 champion', champion.version)] : [])
  ].join(' · ');
}

/** When the first of the schedules is due, in the clock of the browser. */
export function schedulesIn(
  { schedules }: Schedules,
  now: number,
  trans: TranslationBundle
): string {
  if (schedules.length === 0) {
    return trans.__('none');
  }
  const due = schedules.flatMap(one =>
    one.paused ? [] : one.next.slice(0, 1)
  );
  if (due.length === 0) {
    return schedules.every(one => one.paused)
      ? trans.__('paused')
      : trans._n('%1 schedule', '%1 schedules', schedules.length);
  }
  const next = Math.min(...due);
  const [, clock] = momentIn(next, '');
  return trans.__('next %1, %2', clock, inWords(next - now, trans));
}
