import { describe, expect, it } from 'vitest';

import { svgChart } from './drawing';
import { csv, csvCell } from './saving';

describe('csv', () => {
  it('quotes what needs it', () => {
    expect(csv([['a', 'b"c', 'd,e', null, 1.5]])).toBe(
      'a,"b""c","d,e",,1.5\r\n'
    );
  });

  it('makes no formula of a text, and leaves numbers alone', () => {
    expect(csvCell('=HYPERLINK("x")')).toBe('"\'=HYPERLINK(""x"")"');
    expect(csvCell('@x')).toBe("'@x");
    expect(csvCell(-1)).toBe('-1');
  });
});

describe('svgChart', () => {
  const trace = (points: ([number, number] | null)[], name = 'r') => ({
    name,
    colour: '#123456',
    points
  });

  it('draws a line for each part between gaps', () => {
    const text = svgChart('loss', [
      trace([[0, 1], [1, 2], null, [2, 3], [3, 1]])
    ]);
    expect(text.match(/<polyline/g)).toHaveLength(2);
  });

  it('leaves out what has no logarithm', () => {
    const text = svgChart(
      'loss',
      [
        trace([
          [0, 1],
          [1, 0],
          [2, 10]
        ])
      ],
      true
    );
    expect(text).not.toMatch(/NaN|Infinity/);
    expect(text.match(/<polyline/g)).toHaveLength(2);
  });

  it('shows names as text', () => {
    const text = svgChart('<img>', [trace([[0, 1]], '<script>')]);
    expect(text).toContain('&lt;img&gt;');
    expect(text).not.toContain('<script>');
  });
});
