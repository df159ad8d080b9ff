/** How a step is run, as the notebook's metadata says it. Pure: the form is somewhere else. */

import { TranslationBundle } from '@jupyterlab/translation';

import { without } from '../records';

/** The settings that the form knows; others are kept as they are. */
export const FIELDS = ['retries', 'timeout', 'memory'] as const;

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
    case 'timeout':
      return Number(words) > 0 ? '' : trans.__('A number of seconds above 0.');
    case 'memory':
      return MEMORY.test(words)
        ? ''
        : trans.__('A size, such as 500 MB or 2 GB.');
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
  const value = {
    retries: Number(words),
    timeout: Number(words),
    memory: words
  }[name];
  return { ...others, [name]: value };
}
