/** How a step is run, as the notebook's metadata says it. Pure: the form is somewhere else. */

import { TranslationBundle } from '@jupyterlab/translation';

import { without } from '../records';

/** The settings that the form knows; others are kept as they are. */
export const FIELDS = [
  'retries',
  'backoff',
  'timeout',
  'memory',
  'cpus',
  'when',
  'for_each',
  'at_most'
] as const;

export type FieldName = (typeof FIELDS)[number];

/** The settings of one step. */
export type Settings = Partial<Record<FieldName, unknown>> &
  Record<string, unknown>;

const MEMORY = /^\d+(\.\d+)?\s*(k|m|g|t)?i?b?$/i;

/** What is wrong with a text for a field; nothing where it is empty or right. */
export function problemOfField(
  name: FieldName,
  text: string,
  trans: TranslationBundle
): string {
  const words = text.trim();
  if (words === '') {
    return '';
  }
  switch (name) {
    case 'retries':
      return /^\d+$/.test(words) ? '' : trans.__('A whole number from 0.');
    case 'backoff':
      return Number(words) >= 0 ? '' : trans.__('A number of seconds from 0.');
    case 'cpus':
    case 'at_most':
      return /^[1-9]\d*$/.test(words) ? '' : trans.__('A whole number from 1.');
    case 'timeout':
      return Number(words) > 0 ? '' : trans.__('A number of seconds above 0.');
    case 'memory':
      return MEMORY.test(words)
        ? ''
        : trans.__('A size, such as 500 MB or 2 GB.');
    case 'for_each':
      return /^[\p{L}_][\p{L}\p{N}_]*$/u.test(words)
        ? ''
        : trans.__('The name of a list.');
    case 'when':
      return ''; // the server reads it, and what is wrong is shown at the notebook
  }
}

/** The settings with one field as its text says; an empty text takes the field away. */
export function withField(
  settings: Settings,
  name: FieldName,
  text: string
): Settings {
  const words = text.trim();
  const others = without(settings, name);
  if (words === '') {
    return others;
  }
  const isText = ['memory', 'when', 'for_each'].includes(name);
  return { ...others, [name]: isText ? words : Number(words) };
}

/** Whether a step's answer is kept: as it is found out, always, or never. */
export const CACHING = ['', 'always', 'never'] as const;

/** What the settings say of the cache, as one of `CACHING`. */
export function cachingOf(settings: Settings): string {
  const { cache } = settings;
  return cache === true ? 'always' : cache === false ? 'never' : '';
}

/** The settings with another word for the cache. */
export function withCaching(settings: Settings, word: string): Settings {
  const others = without(settings, 'cache');
  return word === '' ? others : { ...others, cache: word === 'always' };
}

/** Whether what the step shows is recorded without code that asks for it. */
export function isRecorded(settings: Settings): boolean {
  return settings.record !== false;
}

/** The settings with recording on, which nothing need say, or off. */
export function withRecording(settings: Settings, on: boolean): Settings {
  const others = without(settings, 'record');
  return on ? others : { ...others, record: false };
}
