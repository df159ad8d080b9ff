import { describe, expect, it } from 'vitest';

import { cronLine } from './cron';

describe('cronLine', () => {
  it('goes to the folder and quotes what a shell or cron would take apart', () => {
    expect(cronLine('/home/me', 'work/nb.ipynb')).toBe(
      "0 3 * * *  cd '/home/me/work' && mlops-jlab run 'nb.ipynb'"
    );
    expect(cronLine('~/work', 'nb.ipynb')).toBe(
      "0 3 * * *  cd ~/'work' && mlops-jlab run 'nb.ipynb'"
    );
    expect(cronLine('/srv', "a b/it's 5%.ipynb")).toBe(
      "0 3 * * *  cd '/srv/a b' && mlops-jlab run 'it'\\''s 5\\%.ipynb'"
    );
  });
});
