import { describe, expect, it } from 'vitest';

import { markdownOf, readable } from './texts';

describe('a text of a run', () => {
  it('is read as what its name says', () => {
    expect(readable('card.md', '# A').isMarkdown).toBe(true);
    expect(readable('run.json', '{"a":1}').text).toBe('{\n  "a": 1\n}');
    expect(readable('log.txt', '# A')).toEqual({
      text: '# A',
      isMarkdown: false
    });
  });

  it('stays as it is where it is something else', () => {
    expect(readable('run.json', '{"a":')).toEqual({
      text: '{"a":',
      isMarkdown: false
    });
    expect(readable('a.ipynb', '[]').text).toBe('[]');
  });

  it('is a notebook with code, what it printed, pictures and errors', () => {
    const text = markdownOf({
      cells: [
        { cell_type: 'markdown', source: ['# Title\n', 'words'] },
        {
          cell_type: 'code',
          source: 'print("```")',
          outputs: [
            { text: ['```\n'] },
            { data: { 'image/png': 'AAA\n', 'text/plain': 'figure' } },
            { ename: 'ValueError', evalue: 'no' }
          ]
        },
        { cell_type: 'code', source: '', outputs: [] }
      ]
    });
    expect(text).toBe(
      [
        '# Title\nwords',
        '````python\nprint("```")\n````',
        '````\n```\n````',
        '![](data:image/png;base64,AAA)',
        '```\nValueError: no\n```'
      ].join('\n\n')
    );
  });
});
