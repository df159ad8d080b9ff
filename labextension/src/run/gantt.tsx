/** How the time of a pipeline's run went: a bar a step, from the start of the run. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { RunDetail, StepState } from '../api/types';
import { State } from '../elements';
import { hueAt } from '../runs/marked';
import { seconds, stateOfStep } from '../runs/words';

const SEEN = 0.03; // of the whole; what is shorter is not told

/** The bar of a step: where it begins and how long it is, in parts of the whole. */
export interface Bar {
  step: StepState;
  start: number;
  length: number;
  lasted: number;
}

/** The bars of steps, and how many seconds the whole is long at `now` (seconds since 1970). Pure. */
export function barsOf(
  begun: number,
  ended: number | null,
  steps: readonly StepState[],
  now: number
): [bars: Bar[], whole: number] {
  const lasted = (step: StepState): number =>
    step.duration ?? Math.max((ended ?? now) - step.started, 0);
  const ends = steps.map(step => step.started + lasted(step));
  const whole = Math.max(...ends, ended ?? now, begun + 0.001) - begun;
  const bars = [...steps]
    .sort((a, b) => a.started - b.started)
    .map(step => ({
      step,
      start: Math.max(step.started - begun, 0) / whole,
      length: lasted(step) / whole,
      lasted: lasted(step)
    }));
  return [bars, whole];
}

/** What a run did before its first step and after its last one, where that took long enough to be seen. Pure. */
export function restOf(
  bars: readonly Bar[],
  whole: number
): { start: number; length: number; isEnd: boolean }[] {
  const first = Math.min(...bars.map(bar => bar.start), 1);
  const last = Math.max(...bars.map(bar => bar.start + bar.length), 0);
  const parts = [
    { start: 0, length: first, isEnd: false },
    { start: last, length: 1 - last, isEnd: true }
  ];
  return parts.filter(
    ({ length }) => length > SEEN && length * whole > 0.5 && bars.length > 0
  );
}

/** Round numbers of seconds from 0 to `whole`, at most six of them. Pure. */
export function ticksOf(whole: number): number[] {
  const rough = whole / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map(n => n * power).find(n => n >= rough) ?? rough;
  const count = Math.floor(whole / step + 1e-9);
  return Array.from({ length: count + 1 }, (_, n) => n * step);
}

/** The bars. A click opens the run of a step. */
export function Gantt(props: {
  run: Pick<RunDetail, 'started' | 'ended'>;
  steps: readonly StepState[];
  /** The steps in their order, which gives them their colors. */
  order: readonly string[];
  onOpen: (step: string) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { run, steps, order, trans } = props;
  const [bars, whole] = barsOf(
    run.started,
    run.ended,
    steps,
    Date.now() / 1000
  );
  const rest = restOf(bars, whole);
  const around = (isEnd: boolean): React.ReactNode =>
    rest
      .filter(part => part.isEnd === isEnd && (!isEnd || run.ended !== null))
      .map(part => (
        <Rest key={String(isEnd)} {...part} whole={whole} trans={trans} />
      ));
  return (
    <div className="jp-mlops-gantt">
      {around(false)}
      {bars.map(bar => (
        <Line
          key={bar.step.name}
          bar={bar}
          place={Math.max(order.indexOf(bar.step.name), 0)}
          onOpen={() => props.onOpen(bar.step.name)}
          trans={trans}
        />
      ))}
      {around(true)}
      <span />
      <Axis whole={whole} />
    </div>
  );
}

/** A step: its name, its bar, and how long it took. */
function Line(props: {
  bar: Bar;
  place: number;
  onOpen: () => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { bar, place, trans } = props;
  const { step, start, length, lasted } = bar;
  const state = stateOfStep(step, trans);
  return (
    <>
      <button type="button" className="jp-mlops-link" onClick={props.onOpen}>
        <State {...state} /> {step.name}
      </button>
      <div
        className="jp-mlops-gantt-line"
        title={state.word}
        style={{ ['--jp-mlops-hue' as string]: `var(${hueAt(place)})` }}
      >
        <span
          data-hollow={step.cached || step.skipped !== ''}
          style={{
            marginInlineStart: `${80 * start}%`,
            width: `max(3px, ${80 * length}%)`
          }}
        />
        <small>
          {step.cached
            ? trans.__('cached')
            : step.skipped
              ? trans.__('skipped')
              : seconds(lasted)}
        </small>
      </div>
    </>
  );
}

/** The time that no step has taken. */
function Rest(props: {
  start: number;
  length: number;
  isEnd: boolean;
  whole: number;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { start, length, isEnd, whole, trans } = props;
  return (
    <>
      <span className="jp-mlops-hint">
        {isEnd ? trans.__('finishing') : trans.__('starting')}
      </span>
      <div
        className="jp-mlops-gantt-line"
        data-rest="true"
        title={
          isEnd
            ? trans.__('What the steps made is saved and checked')
            : trans.__('A process with the libraries is made ready')
        }
      >
        <span
          style={{
            marginInlineStart: `${80 * start}%`,
            width: `max(3px, ${80 * length}%)`
          }}
        />
        <small>{seconds(length * whole)}</small>
      </div>
    </>
  );
}

function shortly(count: number): string {
  return count < 60 ? `${Number(count.toPrecision(2))} s` : seconds(count);
}

/** Seconds since the start of the run. */
function Axis({ whole }: { whole: number }): React.JSX.Element {
  return (
    <div className="jp-mlops-gantt-axis">
      {ticksOf(whole).map(tick => (
        <small
          key={tick}
          style={{ insetInlineStart: `${(80 * tick) / whole}%` }}
        >
          {tick === 0 ? '0 s' : shortly(tick)}
        </small>
      ))}
    </div>
  );
}
