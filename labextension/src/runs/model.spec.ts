import { describe, expect, it } from 'vitest';

import { Client } from '../api/client';
import { RunsModel } from './model';

const PAGE = { runs: [], after: '', total: 0, writable: true };

describe('the last runs', () => {
  it('are not known to be none before the server has said so', async () => {
    let answer = (): void => undefined;
    const client = {
      runs: () => new Promise(resolve => (answer = () => resolve(PAGE)))
    } as unknown as Client;
    const model = new RunsModel(client);
    const asked = model.refresh();
    expect(model.isKnown).toBe(false);
    answer();
    await asked;
    expect(model.isKnown).toBe(true);
  });

  it('stay unknown where the server refuses', async () => {
    const client = {
      runs: () => Promise.reject(new Error('no'))
    } as unknown as Client;
    const model = new RunsModel(client);
    await model.refresh();
    expect(model.isKnown).toBe(false);
    expect(model.problem?.message).toBe('no');
  });
});
