import { describe, expect, it, vi } from 'vitest';

import { Client } from '../api/client';
import { Marked } from '../runs/marked';
import { TableModel } from './model';
import { USUAL } from './query';

const PAGE = {
  runs: [],
  after: '',
  total: 0,
  writable: true,
  monitored: true
};

describe('a table', () => {
  it('says that its rows are old until what was asked for last is answered', async () => {
    const answers: (() => void)[] = [];
    const client = {
      runs: () => new Promise(resolve => answers.push(() => resolve(PAGE)))
    } as unknown as Client;
    const table = new TableModel(client, new Marked(), USUAL, () => undefined);
    expect(table.isOutdated).toBe(false);
    const done = table.refresh();
    table.show({ search: 'blue' });
    expect(table.isOutdated).toBe(true);
    answers[0]?.();
    await vi.waitFor(() => expect(answers.length).toBeGreaterThan(1)); // it asks again by itself
    expect(table.isOutdated).toBe(true);
    answers.slice(1).forEach(answer => answer());
    await done;
    expect(table.isOutdated).toBe(false);
    expect(table.isMonitored).toBe(true);
    table.show({ widths: { name: 200 } });
    expect(table.isOutdated).toBe(false);
    table.dispose();
  });
});
