/** How the best was found, which parameters matter, and the metric over each of them. */

import * as React from 'react';

import { Importance as Shares, Trial } from '../api/types';
import { Axis, axisOf, Card, useWidth } from '../elements';
import { Problem, problemOf } from '../problems';
import { aligned, number } from '../runs/words';
import { bestSoFar, valueOf } from './outcome';
import { Shown } from './page';

const HEIGHT = 140;
const LEFT = 48;
const BOTTOM = 20;

interface Dot {
  trial: Trial;
  x: number;
  y: number;
}

/** Dots over two axes; a line may lead through the best ones. */
function Dots(
  props: Shown & {
    label: string;
    across: Axis;
    of: (trial: Trial) => number | null;
    line?: (
      x: (value: number) => number,
      y: (value: number) => number,
      right: number
    ) => string;
  }
): React.JSX.Element {
  const { sweep, metric, order, across, label } = props;
  const [host, width] = useWidth<HTMLDivElement>(240);
  const room = Math.max(width - LEFT - 12, 40);
  const results = order.map(trial => valueOf(trial, metric) ?? 0);
  const up = axisOf(metric, results, false, aligned);
  const x = (part: number): number => LEFT + 6 + part * (room - 12);
  const y = (part: number): number => 6 + (1 - part) * (HEIGHT - BOTTOM - 12);
  const dots = sweep.trials.flatMap((trial): Dot[] => {
    const at = props.of(trial);
    const value = valueOf(trial, metric);
    const height = value === null ? 0 : up.at(value);
    return at === null || height === null
      ? []
      : [{ trial, x: x(at), y: y(height) }];
  });
  return (
    <div ref={host}>
      <svg
        className="jp-mlops-dots"
        width={width}
        height={HEIGHT}
        role="img"
        aria-label={label}
      >
        <Axes up={up} across={across} x={x} y={y} width={width} />
        {props.line && (
          <path
            className="jp-mod-best"
            d={props.line(
              value => x(across.at(value) ?? 0),
              value => y(up.at(value) ?? 0),
              x(1)
            )}
          />
        )}
        {dots.map(dot => (
          <Circle key={dot.trial.number} {...props} dot={dot} />
        ))}
      </svg>
    </div>
  );
}

function Circle(props: Shown & { dot: Dot }): React.JSX.Element {
  const { dot, metric, shades, marked, mark } = props;
  const { trial } = dot;
  return (
    <circle
      cx={dot.x}
      cy={dot.y}
      r={trial.number === marked ? 5 : 3}
      data-shade={shades.get(trial.number) ?? 0}
      onMouseEnter={() => mark(trial.number)}
      onMouseLeave={() => mark(0)}
    >
      <title>{`${trial.number}: ${number(trial.metrics[metric])}`}</title>
    </circle>
  );
}

/** Hairlines with the metric at the left, and what is across below. */
function Axes(props: {
  up: Axis;
  across: Axis;
  x: (part: number) => number;
  y: (part: number) => number;
  width: number;
}): React.JSX.Element {
  const { up, across, x, y, width } = props;
  const last = across.ticks.length - 1;
  const isWide = width - LEFT > 200;
  return (
    <>
      {up.ticks.map(tick => (
        <React.Fragment key={tick.at}>
          <path
            className="jp-mod-rule"
            d={`M${LEFT} ${Math.round(y(tick.at))}H${width}`}
          />
          <text x={LEFT - 6} y={y(tick.at) + 4} textAnchor="end">
            {tick.text}
          </text>
        </React.Fragment>
      ))}
      {across.ticks
        .filter((_, place) => isWide || place === 0 || place === last)
        .map((tick, place, all) => (
          <text
            key={tick.text}
            x={x(tick.at)}
            y={HEIGHT - 4}
            textAnchor={
              place === 0
                ? 'start'
                : place === all.length - 1
                  ? 'end'
                  : 'middle'
            }
          >
            {tick.text}
          </text>
        ))}
    </>
  );
}

/** Trial by trial, with the best so far. */
export function Course(props: Shown): React.JSX.Element {
  const { around, sweep, metric, minimize } = props;
  const { trans } = around;
  const across = axisOf(
    trans.__('trial'),
    sweep.trials.map(trial => trial.number),
    false,
    value => String(Math.round(value))
  );
  const steps = bestSoFar(sweep.trials, metric, minimize);
  return (
    <Card
      title={trans.__('History')}
      hint={trans.__('the line is the best so far')}
    >
      <Dots
        {...props}
        label={trans.__('%1 of each trial', metric)}
        across={across}
        of={trial => across.at(trial.number)}
        line={(x, y, right) =>
          steps
            .map(({ number: at, value }, place) =>
              place === 0 ? `M${x(at)} ${y(value)}` : `H${x(at)}V${y(value)}`
            )
            .join('') + (steps.length > 0 ? `H${right}` : '')
        }
      />
    </Card>
  );
}

/** The metric over each parameter. */
export function Slices(props: Shown): React.JSX.Element {
  const { around, sweep, metric } = props;
  const { trans } = around;
  return (
    <div className="jp-mlops-slices">
      {sweep.names.map(name => {
        const values = sweep.trials
          .map(trial => trial.parameters[name])
          .filter(value => value !== undefined);
        const isLog = sweep.logarithmic.includes(name);
        const across = axisOf(name, values, isLog, number);
        return (
          <Card
            key={name}
            title={name}
            hint={across.isLog ? trans.__('logarithmic') : ''}
          >
            <Dots
              {...props}
              label={trans.__('%1 over %2', metric, name)}
              across={across}
              of={trial => across.at(trial.parameters[name])}
            />
          </Card>
        );
      })}
    </div>
  );
}

/** How much of the variation each parameter explains: computed by the server. */
export function Importance(props: Shown): React.JSX.Element {
  const { around, sweep, metric, order } = props;
  const { trans, client } = around;
  const [found, setFound] = React.useState<Shares | null>(null);
  const [problem, setProblem] = React.useState<Problem | null>(null);
  React.useEffect(() => {
    let wanted = true;
    client.importanceIn(sweep.run.id, metric).then(
      answer => {
        if (wanted) {
          setFound(answer);
          setProblem(null);
        }
      },
      error => wanted && setProblem(problemOf(error))
    );
    return () => {
      wanted = false;
    };
  }, [sweep.run.id, metric, order.length]);
  const shares = found?.shares ?? [];
  return (
    <Card
      title={trans.__('Importance')}
      hint={trans.__('share of the variation explained')}
    >
      {problem && (
        <p className="jp-mlops-hint">
          {[problem.message, problem.hint].filter(Boolean).join(': ')}
        </p>
      )}
      {!problem && shares.length === 0 && (
        <p className="jp-mlops-hint" role="status">
          {found === null
            ? trans.__('Computing…')
            : trans.__('It takes at least four finished trials that differ.')}
        </p>
      )}
      <ul className="jp-mlops-bars">
        {shares.map(({ name, share }) => (
          <li key={name}>
            <span title={name}>{name}</span>
            <i style={{ width: `${share * 100}%` }} />
            <small>{`${Math.round(share * 100)} %`}</small>
          </li>
        ))}
      </ul>
    </Card>
  );
}
