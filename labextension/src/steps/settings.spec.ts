import { nullTranslator } from '@jupyterlab/translation';
import { describe, expect, it } from 'vitest';

import {
  cachingOf,
  isRecorded,
  problemOfField,
  withCaching,
  withField,
  withRecording
} from './settings';

const trans = nullTranslator.load('mlops_jlab');

describe('problemOfField', () => {
  it.each([
    ['retries', '2', true],
    ['retries', '-1', false],
    ['retries', '1.5', false],
    ['timeout', '0.5', true],
    ['timeout', '0', false],
    ['timeout', 'soon', false],
    ['memory', '2 GB', true],
    ['memory', '500MiB', true],
    ['memory', 'much', false],
    ['backoff', '0', true],
    ['backoff', '-1', false],
    ['cpus', '2', true],
    ['cpus', '0', false],
    ['memory', '', true]
  ] as const)('of %s %s', (name, text, good) => {
    expect(problemOfField(name, text, trans) === '').toBe(good);
  });
});

describe('withField', () => {
  it('writes numbers as numbers, takes empty fields away and keeps the rest', () => {
    const before = { uses: ['x'], retries: 1 };
    expect(withField(before, 'timeout', ' 30 ')).toEqual({
      ...before,
      timeout: 30
    });
    expect(withField(before, 'retries', '')).toEqual({ uses: ['x'] });
    expect(withField({}, 'memory', '2 GB')).toEqual({ memory: '2 GB' });
    expect(withField({}, 'cpus', '2')).toEqual({ cpus: 2 });
  });
});

describe('withCaching', () => {
  it.each(['', 'always', 'never'])('%s comes back', word => {
    expect(cachingOf(withCaching({ retries: 1 }, word))).toBe(word);
    expect(withCaching({ cache: true }, word).cache).toBe(
      word === '' ? undefined : word === 'always'
    );
  });
});

describe('recording', () => {
  it('is on unless the settings say otherwise, and on needs no word', () => {
    expect(isRecorded({})).toBe(true);
    const off = withRecording({ retries: 2 }, false);
    expect(off).toEqual({ retries: 2, record: false });
    expect(isRecorded(off)).toBe(false);
    expect(withRecording(off, true)).toEqual({ retries: 2 });
  });
});
