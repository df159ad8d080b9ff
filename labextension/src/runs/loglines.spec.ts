import { describe, expect, it } from 'vitest';

import { LogLine } from '../api/types';
import { asText, clockOf, errorsIn, matching } from './loglines';

const noon = new Date(2026, 10, 21, 12, 0, 5).getTime() / 1000;
const line = (text: string, more: Partial<LogLine> = {}): LogLine => ({
  text,
  kind: 'out',
  time: noon,
  step: 'fit',
  ...more
});
const LINES = [
  line('epoch 1'),
  line('FutureWarning', { kind: 'err' }),
  line('ValueError: no', { kind: 'error', step: 'judge', time: null })
];

describe('the lines of a log', () => {
  it('are found by their words, or by the name of their step', () => {
    const found = (words: string): string[] =>
      matching(LINES, { words, onlyErrors: false }).map(one => one.text);
    expect(found('EPOCH ')).toEqual(['epoch 1']);
    expect(found('judge')).toEqual(['ValueError: no']);
    expect(found(' ')).toHaveLength(3);
  });

  it('can be those alone that tell of trouble', () => {
    const found = matching(LINES, { words: '', onlyErrors: true });
    expect(found.map(one => one.kind)).toEqual(['err', 'error']);
  });

  it('tell of as many errors as stand apart', () => {
    const failed = line('', { kind: 'error' });
    expect(errorsIn([failed, failed, ...LINES])).toBe(2);
    expect(errorsIn([failed, { ...failed, step: 'judge' }])).toBe(2);
    expect(errorsIn([line('fine')])).toBe(0);
  });

  it('have a time of day where one is known', () => {
    expect(LINES.map(clockOf)).toEqual(['12:00:05', '12:00:05', '']);
  });

  it('are copied with times and steps', () => {
    expect(asText(LINES.slice(1))).toBe(
      '12:00:05  fit  FutureWarning\njudge  ValueError: no'
    );
  });
});
