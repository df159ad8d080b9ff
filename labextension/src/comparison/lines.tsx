/** What runs have, a line for each thing: differences to the first run, the best marked, the same lines folded. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Comparison, Line, Value } from '../api/types';
import { Change, Direction, directionOf, Icon, State } from '../elements';
import {
  aligned,
  calledAs,
  difference as differenceText,
  number,
  seconds,
  stateOf,
  titleOf
} from '../runs/words';
import { Shown } from './page';

interface Props extends Omit<Shown, 'onAdd'> {
  label: string;
  own: readonly Line[];
  isShort: boolean;
  /** Shows the rows that are the same, too. */
  onAll: () => void;
  isRelative: boolean;
}

/** The places of the best values of a metric; none where all are alike or no value is better. Pure. */
export function bestOf(
  values: readonly (Value | null)[],
  direction: Direction
): ReadonlySet<number> {
  const numbers = values.filter(
    (value): value is number => typeof value === 'number'
  );
  if (direction === 'unknown' || new Set(numbers).size < 2) {
    return new Set();
  }
  const best =
    direction === 'higher' ? Math.max(...numbers) : Math.min(...numbers);
  return new Set(
    values.flatMap((value, place) => (value === best ? [place] : []))
  );
}

/** What the line of durations is called. */
export const DURATION = 'duration';

/** The lines of a comparison, and how long each run took after its metrics. Pure. */
export function withDurations({
  runs,
  lines
}: Pick<Comparison, 'runs' | 'lines'>): readonly Line[] {
  const isMetric = (line: Line): boolean => line.kind === 'metric';
  const values = runs.map(run => run.duration ?? null);
  return lines.some(line => isMetric(line) && line.name === DURATION) ||
    values.every(value => value === null)
    ? lines
    : [
        ...lines.filter(isMetric),
        {
          kind: 'metric',
          name: DURATION,
          differs: new Set(values).size > 1,
          values
        },
        ...lines.filter(line => !isMetric(line))
      ];
}

/** The table. */
export function Lines(props: Props): React.JSX.Element {
  const { around, own, label, isShort } = props;
  const { trans } = around;
  const kinds = {
    metric: trans.__('Metrics'),
    param: trans.__('Parameters'),
    fact: trans.__('Facts')
  };
  const shown = own.filter(line => line.differs || !isShort);
  return (
    <div className="jp-mlops-wide jp-mlops-lines" tabIndex={0}>
      <table className="jp-mlops-table" aria-label={label}>
        <Heads {...props} />
        {(['metric', 'param', 'fact'] as const).map(kind => {
          const some = shown.filter(line => line.kind === kind);
          return (
            some.length > 0 && (
              <tbody key={kind}>
                <Group kind={kind} name={kinds[kind]} {...props} />
                {some.map(line => (
                  <Row key={line.name} {...props} line={line} trans={trans} />
                ))}
              </tbody>
            )
          );
        })}
      </table>
      {own.length > shown.length && (
        <p className="jp-mlops-hint">
          {trans._n(
            '%1 identical row is hidden',
            '%1 identical rows are hidden',
            own.length - shown.length
          )}{' '}
          <button type="button" className="jp-mlops-link" onClick={props.onAll}>
            {trans.__('Show')}
          </button>
        </p>
      )}
      {shown.length === 0 && own.length === 0 && (
        <p className="jp-mlops-hint">{trans.__('Nothing to compare.')}</p>
      )}
    </div>
  );
}

/** The head of a kind: what its marks mean, or how many of it differ. */
function Group(
  props: Props & { kind: Line['kind']; name: string }
): React.JSX.Element {
  const { around, found, own, kind, name } = props;
  const { trans } = around;
  const all = own.filter(line => line.kind === kind);
  const differing = all.filter(line => line.differs).length;
  return (
    <tr className="jp-mlops-table-group">
      <th scope="rowgroup">{name}</th>
      <td colSpan={found.runs.length}>
        <span className="jp-mlops-hint">
          {kind === 'metric'
            ? trans.__(
                'best ★, change against #%1',
                found.runs[0]?.number ?? ''
              )
            : trans.__('%1 of %2 differ', differing, all.length)}
        </span>
      </td>
    </tr>
  );
}

function Row(
  props: Props & { line: Line; trans: TranslationBundle }
): React.JSX.Element {
  const { line, isRelative, trans } = props;
  const [first] = line.values;
  const isMetric = line.kind === 'metric';
  const direction = directionOf(line.name);
  const best = isMetric ? bestOf(line.values, direction) : new Set();
  return (
    <tr className={line.differs ? 'jp-mod-differs' : ''}>
      <th scope="row" title={line.name}>
        {line.name}
      </th>
      {line.values.map((value, place) => (
        <td
          key={place}
          data-numeric="true"
          data-best={best.has(place)}
          data-other={!isMetric && place > 0 && value !== first}
          title={value === null ? '' : String(value)}
        >
          {isMetric && place > 0 && (
            <Difference
              value={value}
              before={first ?? null}
              isTime={line.name === DURATION}
              direction={direction}
              isRelative={isRelative}
              trans={trans}
            />
          )}{' '}
          {writtenAs(value, line)}
          {best.has(place) && (
            <span role="img" aria-label={trans.__('best')}>
              <Icon name="star" />
            </span>
          )}
        </td>
      ))}
    </tr>
  );
}

/** A value as people read it. */
function writtenAs(value: Value | null, { kind, name }: Line): string {
  if (value === null) {
    return '–';
  }
  if (kind !== 'metric') {
    return number(value);
  }
  return name === DURATION && typeof value === 'number'
    ? seconds(value)
    : aligned(value);
}

function Difference(props: {
  value: Value | null;
  before: Value | null;
  isTime: boolean;
  direction: Direction;
  isRelative: boolean;
  trans: TranslationBundle;
}): React.JSX.Element | null {
  const { value, before, direction, isRelative, trans } = props;
  if (typeof value !== 'number' || typeof before !== 'number') {
    return null;
  }
  const difference = value - before;
  const text =
    isRelative && before !== 0
      ? `${number((100 * Math.abs(difference)) / Math.abs(before))} %`
      : props.isTime
        ? seconds(Math.abs(difference))
        : differenceText(value, before);
  return (
    <Change
      difference={difference}
      direction={direction}
      text={text}
      words={{
        better: trans.__('better than the first run'),
        worse: trans.__('worse than the first run'),
        other: trans.__('difference to the first run')
      }}
    />
  );
}

/** The heads: a run a column, in the color of its lines. */
function Heads({ around, found, lines }: Props): React.JSX.Element {
  const { trans } = around;
  return (
    <thead>
      <tr>
        <th />
        {found.runs.map((run, place) => (
          <th key={run.id} scope="col" data-numeric="true">
            <span
              style={{
                ['--jp-mlops-hue' as string]: `var(${lines[place]?.hue ?? ''})`
              }}
            >
              <span className="jp-mlops-dot" />
            </span>{' '}
            <button
              type="button"
              className="jp-mlops-link"
              title={run.name}
              aria-label={titleOf(run)}
              onClick={() => around.open(run)}
            >
              {`#${run.number}`}
            </button>{' '}
            {run.id === around.marked.baseline && trans.__('baseline')}{' '}
            <State {...stateOf(run, trans)} />
            <div className="jp-mlops-called" title={run.name}>
              {calledAs(run)}
            </div>
          </th>
        ))}
      </tr>
    </thead>
  );
}
