import { describe, expect, it } from 'vitest';

import {
  linesOf,
  nameOf,
  newFile,
  takenIn,
  withNotebook,
  withTakes
} from './file';

const FILE = `# churn, every night
pipeline:
  notebooks: [load.ipynb, train.ipynb] # in this order
  take:
    train: from load take frame as df
`;

describe('the file of several notebooks', () => {
  it('names notebooks as they are seen from it', () => {
    expect(newFile('a/churn.yaml', ['a/load.ipynb', 'b/train.ipynb'])).toBe(
      'pipeline:\n  notebooks:\n    - load.ipynb\n    - ../b/train.ipynb\n'
    );
  });

  it('gets one more notebook and keeps its comments', () => {
    const text = withNotebook(FILE, 'churn.yaml', 'sub/report.ipynb');
    expect(text).toContain('# churn, every night');
    expect(text).toContain(
      '[load.ipynb, train.ipynb, sub/report.ipynb] # in this order'
    );
  });

  it('names the notebook where the others have names', () => {
    const text = 'pipeline:\n  notebooks:\n    load: data/l.ipynb\n';
    expect(withNotebook(text, 'p.yaml', 'My Report.ipynb')).toBe(
      `${text}    my-report: My Report.ipynb\n`
    );
  });

  it('says what a notebook takes, below one another', () => {
    const lines = ['from load take frame as df, rows', 'from prep take x'];
    expect(withTakes(FILE, 'train', lines)).toContain(
      `    train:
      - from load take frame as df, rows
      - from prep take x
`
    );
  });

  it('finds a notebook that is named by its file', () => {
    const text = FILE.replace('train: from', 'train.ipynb: from');
    expect(withTakes(text, 'train', ['from load take a'])).toContain(
      'train.ipynb: from load take a'
    );
  });

  it('takes for the first time, and for the last', () => {
    const none = withTakes(FILE, 'train', []);
    expect(none).not.toContain('take');
    expect(none).toContain('# in this order');
    expect(withTakes(none, 'train', ['from load take a'])).toContain(
      '  take:\n    train: from load take a'
    );
  });

  it('is left alone where it is not YAML', () => {
    expect(() => withNotebook('pipeline: [', 'p.yaml', 'a.ipynb')).toThrow();
  });
});

describe('what is taken', () => {
  it('is told apart and put together again', () => {
    const lines = ['from load take frame as df, rows', 'from prep take x'];
    const taken = takenIn(lines);
    expect(taken).toEqual([
      { source: 'load', there: 'frame', here: 'df' },
      { source: 'load', there: 'rows', here: 'rows' },
      { source: 'prep', there: 'x', here: 'x' }
    ]);
    expect(linesOf(taken)).toEqual(lines);
    expect(linesOf(taken.slice(1))).toEqual([
      'from load take rows',
      'from prep take x'
    ]);
  });

  it('knows the name of a notebook', () => {
    expect(nameOf('a/My Load!.ipynb')).toBe('my-load');
  });
});
