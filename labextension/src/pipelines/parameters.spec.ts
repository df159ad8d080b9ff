import { describe, expect, it } from 'vitest';

import { choicesOf, inputOf, textOf } from './parameters';

const parameter = (type: string[], more: object = {}) => ({
  name: 'p',
  type,
  ...more
});

describe('the form of parameters', () => {
  it('has an input that fits', () => {
    expect(inputOf(parameter(['int']))).toBe('number');
    expect(inputOf(parameter(['date']))).toBe('date');
    expect(inputOf(parameter(['int', 'str']))).toBe('text');
    expect(inputOf(parameter(['int'], { optional: true }))).toBe('text');
  });

  it('offers what can be chosen', () => {
    expect(choicesOf(parameter(['bool']))).toEqual(['true', 'false']);
    expect(choicesOf(parameter(['str'], { choices: ['a', 2] }))).toEqual([
      'a',
      '2'
    ]);
    expect(choicesOf(parameter(['int']))).toEqual([]);
  });

  it('shows defaults as a command line takes them', () => {
    expect(textOf([1, 'a'])).toBe('[1,"a"]');
    expect(textOf('plain')).toBe('plain');
    expect(textOf(true)).toBe('true');
    expect(textOf(undefined)).toBe('');
  });
});
