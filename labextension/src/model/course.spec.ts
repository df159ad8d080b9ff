import { describe, expect, it } from 'vitest';

import { Move, WholeVersion } from '../api/types';
import { labelled, reachesOf, reignsOf, scaleOf, toldOf } from './course';

function move(at: number, action: string, after: number): Move {
  return {
    at,
    action,
    after,
    before: 0,
    who: 'me',
    alias: 'champion',
    reason: ''
  };
}

function version(number: number, verdict: string): WholeVersion {
  return {
    version: number,
    verdict,
    created: number,
    rules: []
  } as unknown as WholeVersion;
}

const HISTORY = {
  name: 'm',
  writable: true,
  versions: [version(3, 'fail'), version(2, 'pass'), version(1, 'pass')],
  moves: [
    move(10, 'promote', 1),
    move(20, 'promote', 2),
    move(30, 'roll back', 1)
  ]
};

describe('reignsOf', () => {
  it('tells who was champion when, and what was taken back', () => {
    expect(reignsOf(HISTORY, 100)).toEqual([
      { version: 1, from: 10, to: 20, kind: 'passed' },
      { version: 2, from: 20, to: 30, kind: 'rolled back' },
      { version: 1, from: 30, to: 100, kind: 'passed' }
    ]);
  });

  it('does not call passed what was promoted against its gate', () => {
    const moves = [move(10, 'override gate', 3)];
    expect(reignsOf({ ...HISTORY, moves }, 20)[0]?.kind).toBe('other');
  });
});

describe('toldOf', () => {
  it('tells of versions that were kept out beside the moves, the newest first', () => {
    expect(toldOf(HISTORY).map(told => told.kind)).toEqual([
      'move',
      'move',
      'move',
      'kept out'
    ]);
  });
});

describe('scaleOf', () => {
  it('fills the width by time, and in equal steps', () => {
    const byTime = scaleOf([0, 50], 100, 'all', 200);
    expect([0, 50, 100].map(byTime.at)).toEqual([0, 100, 200]);
    const inOrder = scaleOf([0, 1], 100, 'order', 200);
    expect([0, 1, 100].map(inOrder.at)).toEqual([0, 100, 200]);
    expect(reachesOf([0, 1, 2], 20 * 86_400)).toEqual(['all', 'order', '7']);
  });
});

describe('labelled', () => {
  it('leaves out what has no room, the less important first', () => {
    const found = labelled([0, 5, 100], index => index === 0, 20);
    expect([...found].sort()).toEqual([0, 2]);
  });
});
