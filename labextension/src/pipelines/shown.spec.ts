import { describe, expect, it } from 'vitest';

import { Last, Run } from '../api/types';
import { ShownRun } from './shown';

function last(run: Partial<Run> | null): Last {
  const whole = { deleted: false, ended: null, ...run } as Run;
  return { run: run && whole, steps: [], resumable: false, failed: false };
}

/** A server with these runs of one notebook, the newest last. */
function server(...runs: Partial<Run>[]): {
  last: () => Promise<Last>;
  pipelineRun: (id: string) => Promise<Last>;
} {
  return {
    last: () => Promise.resolve(last(runs[runs.length - 1] ?? null)),
    pipelineRun: id => {
      const found = runs.find(run => run.id === id);
      return found
        ? Promise.resolve(last(found))
        : Promise.reject(new Error('there is no run'));
    }
  };
}

async function shown(
  runs: Partial<Run>[],
  started?: string
): Promise<string | undefined> {
  const model = new ShownRun(server(...runs));
  if (started) {
    model.follow('a.ipynb', started);
  }
  return (await model.of('a.ipynb')).run?.id;
}

describe('the run of a notebook that is shown', () => {
  const mine = { id: 'mine', started: 1, ended: null };
  const over = { ...mine, ended: 5 };

  it('is the newest if none was started here', async () => {
    expect(await shown([])).toBe(undefined);
    expect(await shown([mine, { id: 'b', started: 2 }])).toBe('b');
  });

  it('is the one that was started here, whatever runs beside it', async () => {
    expect(await shown([mine, { id: 'b', started: 2 }], 'mine')).toBe('mine');
    expect(await shown([over, { id: 'b', started: 2 }], 'mine')).toBe('mine');
    expect(await shown([over], 'mine')).toBe('mine');
  });

  it('is a later one when that is over', async () => {
    expect(await shown([over, { id: 'b', started: 6 }], 'mine')).toBe('b');
  });

  it('is the newest when that is gone', async () => {
    const gone = { ...over, deleted: true };
    expect(await shown([{ id: 'b', started: 0 }], 'mine')).toBe('b');
    expect(await shown([gone, { id: 'b', started: 2 }], 'mine')).toBe('b');
  });

  it('belongs to its notebook', async () => {
    const model = new ShownRun(server(mine, { id: 'b', started: 2 }));
    model.follow('other.ipynb', 'mine');
    expect((await model.of('a.ipynb')).run?.id).toBe('b');
  });
});
