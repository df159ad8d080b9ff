import { describe, expect, it } from 'vitest';

import {
  asStepName,
  choose,
  isStepName,
  rename,
  stepNames,
  toggleGate
} from './tagging';

describe('choose', () => {
  it('replaces the role and leaves other tags', () => {
    expect(
      choose(['step:a', 'gate', 'mine', 'after:x'], { kind: 'step', name: 'b' })
    ).toEqual(['step:b', 'gate', 'mine', 'after:x']);
    expect(
      choose(['step:a', 'gate', 'mine', 'after:x'], { kind: 'setup' })
    ).toEqual(['setup', 'mine']);
    expect(choose(['parameters', 'mine'], { kind: 'none' })).toEqual(['mine']);
  });

  it('mends tags that are no list of words', () => {
    expect(choose('step:a', { kind: 'step', name: 'b' })).toEqual(['step:b']);
    expect(choose([1, null, 'mine'], { kind: 'none' })).toEqual(['mine']);
  });
});

describe('toggleGate', () => {
  it('marks and unmarks the cell of a step, and no other', () => {
    expect(toggleGate(['step:a'])).toEqual(['step:a', 'gate']);
    expect(toggleGate(['step:a', 'gate'])).toEqual(['step:a']);
    expect(toggleGate(['setup'])).toEqual(['setup']);
  });
});

describe('rename', () => {
  it('renames a step and the orders that name it', () => {
    expect(rename(['step:a', 'after:a', 'step:ab'], 'a', 'b')).toEqual([
      'step:b',
      'after:b',
      'step:ab'
    ]);
  });
});

describe('names', () => {
  it('are found in order, once each', () => {
    expect(
      stepNames([['step:b'], ['step:a', 'x'], null, ['step:b', 'step:No']])
    ).toEqual(['b', 'a']);
  });

  it('are mended from words', () => {
    expect(asStepName(' 2. Load the Data! ')).toBe('load-the-data');
    expect(isStepName(asStepName('Model 2'))).toBe(true);
    expect(asStepName('Model 2')).toBe('model-2');
    expect(isStepName('')).toBe(false);
  });
});
