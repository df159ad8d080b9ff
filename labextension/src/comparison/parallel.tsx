/** Parallel coordinates of the compared runs, the rest of their experiment in grey behind them. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Run } from '../api/types';
import {
  Across,
  Brushes,
  Choice,
  directionOf,
  isWithin,
  ParallelLines,
  Popover,
  Tick
} from '../elements';
import { without } from '../records';
import { Line } from '../runs/lines';
import { titleOf } from '../runs/words';
import { placeOn, Scale, USUAL } from './related';

const SHADES = 5;

/** What the picture is made of. */
export interface Related {
  runs: readonly Run[];
  others: readonly Run[];
  lines: readonly Line[];
  scales: readonly Scale[];
  brushes: Brushes;
  onBrushes: (brushes: Brushes) => void;
  onAdd: (run: Run) => void;
  trans: TranslationBundle;
}

/** Which axes are seen, what gives the color, and whether the other runs are behind. */
export interface Sight {
  axes: readonly string[];
  colour: string;
  isAlone: boolean;
}

/** What is seen before anything is chosen: as many parameters and metrics as there is room for. */
export function usual(scales: readonly Scale[]): Sight {
  const metrics = scales.filter(scale => scale.isMetric);
  const params = scales.filter(scale => !scale.isMetric);
  const most = Math.max(USUAL - metrics.length, USUAL / 2);
  const few = params.slice(0, most);
  const axes = [...few, ...metrics.slice(0, USUAL - few.length)];
  return { axes: axes.map(scale => scale.name), colour: '', isAlone: false };
}

/** The ids of the runs that every brush leaves. */
export function keptBy(
  runs: readonly Run[],
  scales: readonly Scale[],
  brushes: Brushes
): ReadonlySet<string> {
  const axes = scales.map(scale => scale.axis);
  return new Set(
    runs
      .filter(run =>
        isWithin(
          scales.map(scale => placeOn(run, scale)),
          axes,
          brushes
        )
      )
      .map(run => run.id)
  );
}

/** The lines, and below them what the brushes leave. */
export function Parallel(props: Related & { sight: Sight }): React.JSX.Element {
  const { runs, scales, brushes, onBrushes, sight, trans } = props;
  const others = sight.isAlone ? [] : props.others;
  const seen = scales.filter(scale => sight.axes.includes(scale.name));
  const all = [...others, ...runs];
  const kept = keptBy(all, scales, brushes);
  const isBrushed = Object.keys(brushes).length > 0;
  return (
    <>
      <ParallelLines
        label={trans.__('Parallel coordinates')}
        axes={seen.map(scale => scale.axis)}
        lines={all.map(run => lineOf(run, props, seen, !kept.has(run.id)))}
        brushes={brushes}
        onBrush={(name, part) => {
          const rest = without(brushes, name);
          onBrushes(part === null ? rest : { ...rest, [name]: part });
        }}
      />
      <p className="jp-mlops-hint">
        {isBrushed ? (
          <>
            {trans.__(
              '%1: %2 of %3 runs.',
              spans(props),
              kept.size,
              all.length
            )}{' '}
            <button
              type="button"
              className="jp-mlops-link"
              onClick={() => onBrushes({})}
            >
              {trans.__('Clear')}
            </button>
          </>
        ) : (
          trans.__('Drag along an axis to keep a part of it.')
        )}
      </p>
    </>
  );
}

/** What the brushes keep, in numbers: `auc 0.845 to 0.86`. */
function spans({ brushes, scales, trans }: Related): string {
  return Object.entries(brushes)
    .map(([name, [from, to]]) => {
      const textAt = scales.find(scale => scale.name === name)?.axis.textAt;
      return trans.__('%1 %2 to %3', name, textAt?.(from), textAt?.(to));
    })
    .join(', ');
}

/** A run as a line: in its color or by the color axis; other runs are grey, and a click adds them. */
function lineOf(
  run: Run,
  props: Related & { sight: Sight },
  seen: readonly Scale[],
  isFaded: boolean
): Across {
  const { runs, lines, scales, sight, trans } = props;
  const isOther = !runs.includes(run);
  const scale = scales.find(({ name }) => name === sight.colour);
  const title = titleOf(run);
  return {
    key: run.id,
    at: seen.map(one => placeOn(run, one)),
    isFaded,
    ...(scale
      ? { shade: shadeOf(run, scale) }
      : isOther
        ? {}
        : { hue: lines.find(line => line.id === run.id)?.hue ?? '' }),
    look: isOther ? 'grey' : 'marked',
    title: isOther ? trans.__('%1 – click to add it', title) : title,
    ...(isOther && { onClick: () => props.onAdd(run) })
  };
}

/** The stronger, the greater; of what is better when lower, the smaller. */
function shadeOf(run: Run, scale: Scale): number {
  const at = placeOn(run, scale);
  const isLower = scale.isMetric && directionOf(scale.name) === 'lower';
  return at === null
    ? 1
    : 1 + Math.round((isLower ? 1 - at : at) * (SHADES - 1));
}

/** What gives the color, which axes are seen, and whether the other runs are. */
export function Tools(props: {
  sight: Sight;
  onSight: (change: Partial<Sight>) => void;
  scales: readonly Scale[];
  others: number;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { sight, onSight, scales, others, trans } = props;
  return (
    <>
      <label>
        {trans.__('Color')}{' '}
        <Choice
          label={trans.__('Color')}
          value={sight.colour}
          values={['', ...scales.map(scale => scale.name)]}
          names={{ '': trans.__('run') }}
          onChange={colour => onSight({ colour })}
        />
      </label>
      <Popover bare icon="columns" label={trans.__('Axes')}>
        {() => (
          <div className="jp-mlops-choices">
            {scales.map(({ name }) => (
              <Tick
                key={name}
                label={name}
                checked={sight.axes.includes(name)}
                onChange={isWanted =>
                  onSight({
                    axes: isWanted
                      ? [...sight.axes, name]
                      : sight.axes.filter(one => one !== name)
                  })
                }
              />
            ))}
            {others > 0 && (
              <Tick
                label={trans.__('Other runs of the experiment')}
                checked={!sight.isAlone}
                onChange={isSeen => onSight({ isAlone: !isSeen })}
              />
            )}
          </div>
        )}
      </Popover>
    </>
  );
}
