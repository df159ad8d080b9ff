/** The trials as a table, of which only the rows in sight are drawn: the best with a star, pruned ones grey. */

import { useVirtualizer } from '@tanstack/react-virtual';
import * as React from 'react';

import { Trial } from '../api/types';
import { Choice, Icon, State } from '../elements';
import { aligned, number, seconds, wordOf } from '../runs/words';
import { metricsOf, valueOf } from './outcome';
import { Shown } from './page';

const HEIGHT = 28; // pixels of a row

/** What the table is sorted by: `value`, `number`, `seconds`, or the name of a parameter after `p `. */
type Key = string;

/** The table. */
export function Trials(props: Shown): React.JSX.Element {
  const { around, sweep, metric, chooseMetric } = props;
  const { trans } = around;
  const [key, setKey] = React.useState<Key>('value');
  const [turned, setTurned] = React.useState(false);
  const rows = React.useMemo(
    () => sorted(props, key, turned),
    [sweep, metric, props.minimize, key, turned]
  );
  const [body, inSight, above, below] = useInSight(rows.length);
  const metrics = metricsOf(sweep);
  const sort = (other: Key): void => {
    setTurned(other === key ? !turned : false);
    setKey(other);
  };
  const state = { sort };
  return (
    <section className="jp-mlops-trials" aria-label={trans.__('Trials')}>
      {metrics.length > 1 && (
        <div className="jp-mlops-line">
          <span className="jp-mlops-hint">{trans.__('Metric')}</span>
          <Choice
            label={trans.__('Metric')}
            value={metric}
            values={metrics}
            onChange={chooseMetric}
          />
        </div>
      )}
      <div className="jp-mlops-wide">
        <table
          className="jp-mlops-table"
          aria-label={trans.__('Trials')}
          aria-rowcount={rows.length + 1}
        >
          <thead>
            <tr>
              <Head id="number" name={trans.__('Trial')} {...state} />
              {sweep.names.map(name => (
                <Head key={name} id={`p ${name}`} name={name} {...state} />
              ))}
              <Head id="value" name={metric} {...state} />
              <Head id="seconds" name={trans.__('Time')} {...state} />
            </tr>
          </thead>
          <tbody ref={body}>
            <tr aria-hidden="true" style={{ height: above }} />
            {inSight.map(place => {
              const trial = rows[place];
              return (
                trial && <Row key={trial.number} {...props} trial={trial} />
              );
            })}
            <tr aria-hidden="true" style={{ height: below }} />
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** The rows of a long table that are in sight of its page, and the pixels of those above and below. */
function useInSight(
  count: number
): [
  React.RefObject<HTMLTableSectionElement>,
  readonly number[],
  number,
  number
] {
  const body = React.useRef<HTMLTableSectionElement>(null);
  const [top, setTop] = React.useState(0); // of the rows, in what the page scrolls
  const scroller = (): HTMLElement | null =>
    body.current?.closest<HTMLElement>('.jp-mlops-sweep-page') ?? null;
  React.useLayoutEffect(() => {
    const page = scroller();
    if (page !== null && body.current !== null) {
      const { top: own } = body.current.getBoundingClientRect();
      setTop(own - page.getBoundingClientRect().top + page.scrollTop);
    }
  });
  const rows = useVirtualizer<HTMLElement, Element>({
    count,
    getScrollElement: scroller,
    estimateSize: () => HEIGHT,
    scrollMargin: top,
    overscan: 12
  });
  const items = rows.getVirtualItems();
  const first = items[0];
  const last = items[items.length - 1];
  return [
    body,
    items.map(item => item.index),
    first ? first.start - top : 0,
    last ? rows.getTotalSize() - (last.end - top) : 0
  ];
}

function Head(props: {
  id: Key;
  name: string;
  sort: (key: Key) => void;
}): React.JSX.Element {
  const { id, name, sort } = props;
  return (
    <th scope="col" data-numeric={id !== 'number'} title={name}>
      <button type="button" onClick={() => sort(id)}>
        {name}
      </button>
    </th>
  );
}

/** The trials in the order of the table; what has no number comes last. */
function sorted(
  { sweep, metric, minimize }: Shown,
  key: Key,
  turned: boolean
): Trial[] {
  const of = (trial: Trial): number | string | null =>
    key === 'value'
      ? valueOf(trial, metric)
      : key === 'number'
        ? trial.number
        : key === 'seconds'
          ? trial.seconds
          : (trial.parameters[key.slice(2)] ?? null);
  const sign = (key === 'value' && !minimize ? -1 : 1) * (turned ? -1 : 1);
  return [...sweep.trials].sort((one, other) => {
    const [a, b] = [of(one), of(other)];
    if (a === null || b === null) {
      return Number(a === null) - Number(b === null);
    }
    const way = a < b ? -1 : a > b ? 1 : 0;
    return sign * way || one.number - other.number;
  });
}

function Row(props: Shown & { trial: Trial }): React.JSX.Element {
  const { around, sweep, metric, trial, best, shades, marked, mark } = props;
  const { trans } = around;
  const value = valueOf(trial, metric);
  const isPruned = trial.pruned !== '';
  const word = isPruned ? trans.__('pruned') : wordOf(trial.status, trans);
  return (
    <tr
      data-grey={value === null}
      aria-selected={trial.number === marked}
      onMouseEnter={() => mark(trial.number)}
      onMouseLeave={() => mark(0)}
      onDoubleClick={() => around.open({ id: trial.run, name: trial.name })}
    >
      <th scope="row">
        <span className="jp-mlops-line">
          <i
            className="jp-mlops-shade"
            data-shade={shades.get(trial.number) ?? 0}
          />
          <button
            type="button"
            className="jp-mlops-link"
            title={trans.__('Open the run of trial %1', trial.number)}
            onFocus={() => mark(trial.number)}
            onBlur={() => mark(0)}
            onClick={() => around.open({ id: trial.run, name: trial.name })}
          >
            {trial.number}
          </button>
          <State
            state={isPruned ? 'skipped' : trial.status}
            word={
              trial.pruned || [word, trial.reason].filter(Boolean).join(': ')
            }
          />
          {trial === best && (
            <span title={trans.__('The best')}>
              <Icon name="star" />
            </span>
          )}
        </span>
      </th>
      {sweep.names.map(name => (
        <td key={name} data-numeric="true">
          {number(trial.parameters[name])}
        </td>
      ))}
      <td data-numeric="true" data-best={trial === best}>
        {value === null ? word : aligned(value)}
      </td>
      <td data-numeric="true">
        {trial.seconds === null ? '' : seconds(trial.seconds)}
      </td>
    </tr>
  );
}
