/** The loss of each window whose truth is known, with its interval, its limit, and what it was at the test. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { MonitoringHistory, MonitoringWindow, Move } from '../api/types';
import { Card, useWidth } from '../elements';
import { roundTicks } from '../data/words';
import { exactly, number } from '../runs/words';
import type { Shown } from './page';
import { dayOf } from './story';
import { Watch } from './watch';

const LEFT = 48;
const RIGHT = 56;
const TOP = 16;
const HEIGHT = 196;
const BOTTOM = 20;
const LINES = 4;

type Measured = MonitoringWindow & {
  loss: NonNullable<MonitoringWindow['loss']>;
};

/** The windows whose newest metric is known, in the order of time. */
export function measuredOf({
  windows
}: Pick<MonitoringHistory, 'windows'>): readonly Measured[] {
  const measured = windows.filter((one): one is Measured => one.loss !== null);
  const newest = measured[measured.length - 1];
  return measured.filter(one => one.loss.metric === newest?.loss.metric);
}

/** The card. */
export function LossChart(props: Shown): React.JSX.Element {
  const { around, history } = props;
  const { trans } = around;
  const measured = measuredOf(history);
  const newest = measured[measured.length - 1];
  if (newest === undefined) {
    return (
      <Card title={trans.__('Loss per window')}>
        <p className="jp-mlops-hint">
          {trans.__(
            'No window has known outcomes yet. Once watching is told which column holds the truth, the loss is measured where new files have it.'
          )}
        </p>
        <Watch around={around} name={history.name} />
      </Card>
    );
  }
  const { loss } = newest;
  return (
    <Card
      title={trans.__('%1 per window', capital(loss.metric))}
      hint={
        loss.limit === null
          ? trans.__('no limit: no gate has measured it at the test')
          : trans.__(
              'limit %1 = at the test %2 and 3 %; bars are intervals of 95 %',
              number(loss.limit),
              number(loss.at_test)
            )
      }
    >
      <LossPicture windows={measured} moves={history.moves} trans={trans} />
    </Card>
  );
}

/** A metric as a title begins with it. */
export function capital(metric: string): string {
  const words = metric.replace(/_/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Where values and moments lie. */
interface Scale {
  x: (at: number) => number;
  y: (value: number) => number;
  ticks: readonly number[];
  from: number;
  to: number;
  width: number;
}

function scaleOf(windows: readonly Measured[], width: number): Scale {
  const values = windows.flatMap(({ loss }) =>
    [loss.low, loss.high, loss.value, loss.limit, loss.at_test].filter(
      (value): value is number => value !== null
    )
  );
  const ticks = roundTicks(Math.min(...values), Math.max(...values), LINES);
  const low = ticks[0] ?? 0;
  const range = (ticks[ticks.length - 1] ?? 1) - low;
  const from = windows[0]?.at ?? 0;
  const to = windows[windows.length - 1]?.at ?? from;
  return {
    from,
    to,
    width,
    ticks,
    x: at =>
      LEFT + (to > from ? ((at - from) / (to - from)) * width : width / 2),
    y: value => TOP + (HEIGHT - TOP - BOTTOM) * (1 - (value - low) / range)
  };
}

/** Each window's loss with its interval, the limit, and what it was at the test. */
export function LossPicture(props: {
  windows: readonly Measured[];
  moves: readonly Move[];
  trans: TranslationBundle;
}): React.JSX.Element {
  const { windows, moves, trans } = props;
  const [host, whole] = useWidth<HTMLDivElement>(700);
  const scale = scaleOf(windows, Math.max(whole - LEFT - RIGHT, 60));
  const line = windows
    .map(({ at, loss }) => `${scale.x(at)} ${scale.y(loss.value)}`)
    .join('L');
  const over = windows.filter(one => one.loss.over).length;
  return (
    <div ref={host}>
      <svg
        className="jp-mlops-loss"
        width={whole}
        height={HEIGHT}
        role="img"
        aria-label={trans._n(
          '%1 window, %2 beyond the limit',
          '%1 windows, %2 beyond the limit',
          windows.length,
          windows.length,
          over
        )}
      >
        {scale.ticks.map(tick => (
          <g key={tick}>
            <path
              className="jp-mod-rule"
              d={`M${LEFT} ${scale.y(tick)}H${LEFT + scale.width}`}
            />
            <text x={LEFT - 6} y={scale.y(tick) + 4} textAnchor="end">
              {number(Number(tick.toPrecision(3)))}
            </text>
          </g>
        ))}
        <Days scale={scale} />
        <Champions moves={moves} scale={scale} />
        <Levels windows={windows} scale={scale} trans={trans} />
        <path className="jp-mod-line" d={`M${line}`} />
        {windows.map(window => (
          <Point key={window.id} window={window} scale={scale} />
        ))}
      </svg>
    </div>
  );
}

/** The limit and the value at the test, with their words apart. */
function Levels(props: {
  windows: readonly Measured[];
  scale: Scale;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { windows, scale, trans } = props;
  const last = windows[windows.length - 1]?.loss;
  const gap = Math.abs(
    scale.y(last?.limit ?? 0) - scale.y(last?.at_test ?? last?.limit ?? 0)
  );
  const apart = gap < 12 ? Math.ceil((12 - gap) / 2) : 0;
  return (
    <>
      <Level
        name="limit"
        {...{ windows, scale }}
        word={trans.__('limit')}
        shift={-apart}
      />
      <Level
        name="at_test"
        {...{ windows, scale }}
        word={trans.__('at test')}
        shift={apart}
      />
    </>
  );
}

/** The limit, or the value at the test: dashed, and by window, as each version has its own. */
function Level(props: {
  name: 'limit' | 'at_test';
  windows: readonly Measured[];
  scale: Scale;
  word: string;
  /** By how many px its word is moved, so that two words do not lie on one another. */
  shift: number;
}): React.JSX.Element | null {
  const { name, windows, scale, word } = props;
  const known = windows.filter(one => one.loss[name] !== null);
  const last = known[known.length - 1];
  if (last === undefined) {
    return null;
  }
  const y = (one: Measured): number => scale.y(one.loss[name] ?? 0);
  const steps = known.map((one, place) => {
    const next = known[place + 1];
    const to = next ? scale.x(next.at) : LEFT + scale.width;
    const from = place === 0 ? LEFT : scale.x(one.at);
    return `M${from} ${y(one)}H${to}`;
  });
  return (
    <g className="jp-mlops-level" data-name={name}>
      <path d={steps.join('')} />
      <text x={LEFT + scale.width + 4} y={y(last) + 4 + props.shift}>
        {word}
      </text>
    </g>
  );
}

function Point(props: { window: Measured; scale: Scale }): React.JSX.Element {
  const { window, scale } = props;
  const { loss } = window;
  const x = scale.x(window.at);
  const y = scale.y(loss.value);
  return (
    <g data-over={loss.over}>
      <path
        className="jp-mod-reach"
        d={`M${x} ${scale.y(loss.low)}V${scale.y(loss.high)}`}
      />
      {loss.over ? (
        <path className="jp-mod-over" d={`M${x} ${y - 6}l6 10.500h-12z`} />
      ) : (
        <circle cx={x} cy={y} r="3" />
      )}
      <circle className="jp-mod-target" cx={x} cy={y} r="10">
        <title>
          {`${exactly(window.at)}\n${loss.metric} ${number(loss.value)} (${number(loss.low)} – ${number(loss.high)})\n${loss.rows.toLocaleString('en')}`}
        </title>
      </circle>
    </g>
  );
}

/** When which version became champion. */
function Champions(props: {
  moves: readonly Move[];
  scale: Scale;
}): React.JSX.Element {
  const { moves, scale } = props;
  const shown = moves.filter(
    move =>
      move.alias === 'champion' && move.at >= scale.from && move.at <= scale.to
  );
  return (
    <>
      {shown.map(move => (
        <g key={move.at} className="jp-mlops-became">
          <path d={`M${scale.x(move.at)} ${TOP}V${HEIGHT - BOTTOM}`} />
          <text x={scale.x(move.at) + 4} y={TOP - 4}>{`v${move.after}`}</text>
        </g>
      ))}
    </>
  );
}

function Days({ scale }: { scale: Scale }): React.JSX.Element {
  const { from, to, width } = scale;
  const count =
    to > from ? Math.max(1, Math.min(6, Math.floor(width / 90))) : 0;
  const moments = Array.from(
    { length: count + 1 },
    (_, n) => from + ((to - from) * n) / Math.max(count, 1)
  );
  return (
    <>
      {moments.map((at, place) => (
        <text
          key={at}
          x={scale.x(at)}
          y={HEIGHT - 4}
          textAnchor={
            count === 0 || (place > 0 && place < count)
              ? 'middle'
              : place === 0
                ? 'start'
                : 'end'
          }
        >
          {dayOf(at, to - from)}
        </text>
      ))}
    </>
  );
}
