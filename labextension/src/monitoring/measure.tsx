/** One measure of a service over time: its value now in large, and the course below, drawn to its width. */

import * as React from 'react';

import { roundTicks } from '../data/words';
import { useWidth } from '../elements';
import { exactly } from '../runs/words';
import { broken, Line } from './course';
import { dayOf } from './story';

const LEFT = 48;
const RIGHT = 48;
const TOP = 8;
const HEIGHT = 128;
const BOTTOM = 20;
const LINES = 2;
const APART = 12;

/** The card. `say` is how a value of it is written. */
export function Measure(props: {
  title: string;
  now: string;
  hint: string;
  lines: readonly Line[];
  from: number;
  to: number;
  say: (value: number) => string;
}): React.JSX.Element {
  const { title, now, hint, lines } = props;
  return (
    <section className="jp-mlops-card jp-mlops-measure" aria-label={title}>
      <div className="jp-mlops-line">
        <h2>{title}</h2>
        <b>{now}</b>
        <span className="jp-mlops-hint">{hint}</span>
      </div>
      {lines.some(line => line.points.length > 0) && <Chart {...props} />}
    </section>
  );
}

function Chart(props: {
  title: string;
  lines: readonly Line[];
  from: number;
  to: number;
  say: (value: number) => string;
}): React.JSX.Element {
  const { title, lines, from, to, say } = props;
  const [host, whole] = useWidth<HTMLDivElement>(240);
  const isNamed = lines.some(line => line.name !== '');
  const width = Math.max(whole - LEFT - (isNamed ? RIGHT : 8), 40);
  const values = lines.flatMap(({ points }) =>
    points.flatMap(point => (point.value === null ? [] : [point.value]))
  );
  const ticks = roundTicks(0, Math.max(...values, 1e-9), LINES);
  const top = ticks[ticks.length - 1] ?? 1;
  const x = (at: number): number =>
    LEFT + (to > from ? ((at - from) / (to - from)) * width : width);
  const y = (value: number): number =>
    TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  return (
    <div ref={host}>
      <svg
        className="jp-mlops-loss"
        width={whole}
        height={HEIGHT}
        role="img"
        aria-label={title}
      >
        {ticks.map(tick => (
          <g key={tick}>
            <path className="jp-mod-rule" d={`M${LEFT} ${y(tick)}h${width}`} />
            <text x={LEFT - 6} y={y(tick) + 4} textAnchor="end">
              {say(tick)}
            </text>
          </g>
        ))}
        {[from, to].map((at, place) => (
          <text
            key={place}
            x={x(at)}
            y={HEIGHT - 4}
            textAnchor={place === 0 ? 'start' : 'end'}
          >
            {dayOf(at, to - from)}
          </text>
        ))}
        <Lines lines={lines} x={x} y={y} end={LEFT + width} />
        <Told lines={lines} x={x} say={say} />
      </svg>
    </div>
  );
}

/** The lines, each with its name at its end; names do not lie on one another. */
function Lines(props: {
  lines: readonly Line[];
  x: (at: number) => number;
  y: (value: number) => number;
  end: number;
}): React.JSX.Element {
  const { lines, x, y, end } = props;
  let above = -Infinity;
  return (
    <>
      {lines.map(line => {
        const last = [...line.points].reverse().find(p => p.value !== null);
        above = Math.max(above + APART, y(last?.value ?? 0));
        return (
          <g key={line.name} data-line={line.which}>
            {broken(line.points).map(part => (
              <path
                key={part[0]?.at}
                className="jp-mod-line"
                d={`M${part.map(p => `${x(p.at)} ${y(p.value)}`).join('L')}${part.length === 1 ? 'h3' : ''}`}
              />
            ))}
            {last && (
              <text x={end + 4} y={above + 4}>
                {line.name}
              </text>
            )}
          </g>
        );
      })}
    </>
  );
}

/** What is told where the mouse rests: the values of that moment. */
function Told(props: {
  lines: readonly Line[];
  x: (at: number) => number;
  say: (value: number) => string;
}): React.JSX.Element {
  const { lines, x, say } = props;
  const points = lines[0]?.points ?? [];
  return (
    <>
      {points.map((point, place) => {
        const from = x(points[place - 1]?.at ?? point.at - 1);
        const said = lines.map(({ name, points: of }) => {
          const value = of[place]?.value ?? null;
          return `${name} ${value === null ? '–' : say(value)}`.trim();
        });
        return (
          <rect
            key={point.at}
            className="jp-mod-target"
            x={from}
            y={TOP}
            width={Math.max(x(point.at) - from, 1)}
            height={HEIGHT - TOP - BOTTOM}
          >
            <title>{[exactly(point.at), ...said].join('\n')}</title>
          </rect>
        );
      })}
    </>
  );
}
