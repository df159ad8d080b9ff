/** The next seven days of all schedules, as a calendar; this one as it is written now. */

import * as React from 'react';

import { Card } from '../elements';
import { momentIn, placeIn } from './moments';
import { Shown } from './page';

const DAY = 86_400;
const FEW = 4;
const HOURS = [0, 6, 12, 18, 24];

interface Block {
  name: string;
  /** An hour of the day; nothing for what is due again and again on that day. */
  hour: number | null;
  count: number;
  title: string;
}

/** The card. */
export function Week(props: Shown): React.JSX.Element {
  const { around, detail, weeks, written, previewed } = props;
  const { trans } = around;
  const now = Date.now() / 1000;
  const zone = written.tz;
  const own = detail?.name ?? '';
  const others = weeks.schedules.filter(one => one.name !== own);
  const mine = previewed.found && !detail?.paused ? [previewed.found.week] : [];
  const names = [...mine, ...others].map(one => one.name);
  const days = Array.from({ length: 7 }, (_, place) => now + place * DAY);
  const blocksOf = (date: string): Block[] =>
    [...mine, ...others].flatMap(({ name, at, often }) => {
      const here = at.filter(one => placeIn(one, zone)[0] === date);
      return blocks(name, here, often, zone);
    });
  const [today, hour] = placeIn(now, zone);
  return (
    <Card title={trans.__('Next seven days')} hint={trans.__('all schedules')}>
      <div className="jp-mlops-week" role="list">
        <div className="jp-mlops-week-hours" aria-hidden="true">
          {HOURS.map(one => (
            <small key={one} style={{ top: `${(one / 24) * 100}%` }}>
              {`${String(one).padStart(2, '0')}:00`}
            </small>
          ))}
        </div>
        {days.map(day => {
          const [date] = placeIn(day, zone);
          return (
            <div key={day} role="listitem" data-today={date === today}>
              <small>{momentIn(day, zone)[0]}</small>
              <div>
                {HOURS.slice(1, -1).map(one => (
                  <hr key={one} style={{ top: `${(one / 24) * 100}%` }} />
                ))}
                {date === today && (
                  <hr
                    className="jp-mod-now"
                    style={{ top: `${(hour / 24) * 100}%` }}
                  />
                )}
                {blocksOf(date).map(block => (
                  <OneBlock
                    key={`${block.name} ${block.hour}`}
                    block={block}
                    hue={names.indexOf(block.name)}
                  />
                ))}
              </div>
            </div>
          );
        })}
      </div>
    </Card>
  );
}

function OneBlock(props: { block: Block; hue: number }): React.JSX.Element {
  const { name, hour, count, title } = props.block;
  const top = hour === null ? 0 : Math.min(hour / 24, 0.93) * 100;
  return (
    <span
      className="jp-mlops-week-block"
      data-often={hour === null}
      title={title}
      style={
        {
          top: `${top}%`,
          '--jp-mlops-hue': `var(--jp-mlops-c${(props.hue % 7) + 1})`
        } as React.CSSProperties
      }
    >
      {count > 1 ? `${name} ×${count}` : name}
    </span>
  );
}

/** What a day shows of a schedule: its times, or that it is due again and again. */
function blocks(
  name: string,
  at: readonly number[],
  often: boolean,
  zone: string
): Block[] {
  const clocks = at.map(one => momentIn(one, zone)[1]);
  if (at.length > FEW || often) {
    const title = `${name}: ${clocks.slice(0, 3).join(', ')}, …`;
    return [{ name, hour: null, count: often ? 0 : at.length, title }];
  }
  return at.map((one, place) => ({
    name,
    hour: placeIn(one, zone)[1],
    count: 1,
    title: `${name}, ${clocks[place] ?? ''}`
  }));
}
