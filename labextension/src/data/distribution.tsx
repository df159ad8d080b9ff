/** The distribution of a column as bars: of one profile, or of two side by side in the same bins. */

import * as React from 'react';

import { Bins } from '../api/types';
import { useWidth } from '../elements';
import { namesOf, percent, roundAbove } from './words';

const LEFT = 40;
const BOTTOM = 20;
const GAP = 3;
const LINES = 4;

/** What is drawn: the bins, and what each of their profiles is called. */
interface Drawn {
  bins: Bins;
  names: readonly string[];
}

/** The distribution in large: with axes, and every number on hover. */
export function Distribution(
  props: Drawn & { title: string; height?: number }
): React.JSX.Element {
  const { bins, names, title } = props;
  const [host, width] = useWidth<HTMLDivElement>(360);
  const height = props.height ?? 216;
  const labels = namesOf(bins);
  const most = roundAbove(Math.max(...bins.shares.flat(), 0.01));
  const room = Math.max(width - LEFT - 8, 40);
  const band = room / Math.max(labels.length, 1);
  const ticks = Array.from({ length: LINES + 1 }, (_, n) => (most * n) / LINES);
  const y = (share: number): number =>
    8 + (height - 8 - BOTTOM) * (1 - share / most);
  const longest = Math.max(...labels.map(label => label.length), 1) * 6.2;
  const each = Math.max(1, Math.ceil((Math.min(longest, 96) + 8) / band));
  return (
    <div ref={host}>
      <svg
        className="jp-mlops-distribution"
        width={width}
        height={height}
        role="img"
        aria-label={spoken(props, title)}
      >
        {ticks.map(tick => (
          <g key={tick}>
            <path
              className="jp-mod-rule"
              d={`M${LEFT} ${y(tick)}H${LEFT + room}`}
            />
            <text x={LEFT - 6} y={y(tick) + 4} textAnchor="end">
              {percent(tick)}
            </text>
          </g>
        ))}
        <g transform={`translate(${LEFT} 0)`}>
          <Bars {...{ bins, names, labels, band }} y={y} />
        </g>
        {labels.map(
          (label, place) =>
            place % each === 0 && (
              <text
                key={`${place} ${label}`}
                x={LEFT + band * (place + 0.5)}
                y={height - 4}
                textAnchor="middle"
              >
                {label.length > 16 ? `${label.slice(0, 15)}…` : label}
              </text>
            )
        )}
      </svg>
    </div>
  );
}

/** The distribution in the height of a line of a table. */
export function SmallDistribution(
  props: Drawn & { title: string }
): React.JSX.Element {
  const { bins, names, title } = props;
  const labels = namesOf(bins);
  const most = Math.max(...bins.shares.flat(), 1e-9);
  const y = (share: number): number => 1 + 22 * (1 - share / most);
  return (
    <svg
      className="jp-mlops-distribution"
      width="144"
      height="24"
      role="img"
      aria-label={spoken(props, title)}
    >
      <path className="jp-mod-rule" d="M0 23.500H144" />
      <Bars
        {...{ bins, names, labels, y }}
        band={Math.min(144 / Math.max(labels.length, 1), 24)}
      />
    </svg>
  );
}

function Bars(
  props: Drawn & {
    labels: readonly string[];
    band: number;
    y: (share: number) => number;
  }
): React.JSX.Element {
  const { bins, names, labels, band, y } = props;
  const count = Math.max(bins.shares.length, 1);
  const gap = band > 8 ? GAP : 1;
  const wide = Math.max((band - gap) / count, 1);
  return (
    <>
      {labels.map((label, place) => (
        <g key={`${place} ${label}`}>
          {bins.shares.map((row, which) => {
            const top = y(row[place] ?? 0);
            return (
              <rect
                key={which}
                data-which={
                  count === 1 ? 'only' : which === 0 ? 'before' : 'now'
                }
                x={band * place + gap / 2 + wide * which}
                y={top}
                width={wide}
                height={Math.max(y(0) - top, 0)}
              />
            );
          })}
          <rect
            className="jp-mod-target"
            x={band * place}
            y={0}
            width={band}
            height={y(0)}
          >
            <title>{toldOf(label, names, bins.shares, place)}</title>
          </rect>
        </g>
      ))}
    </>
  );
}

function toldOf(
  label: string,
  names: readonly string[],
  shares: readonly (readonly number[])[],
  place: number
): string {
  const told = shares.map((row, which) => {
    const share = percent(row[place] ?? 0);
    return names[which] ? `${names[which]}: ${share}` : share;
  });
  return [label, ...told].join('\n');
}

/** What a screen reader says instead: the largest bins of each. */
function spoken({ bins, names }: Drawn, title: string): string {
  const labels = namesOf(bins);
  const told = bins.shares.map((row, which) => {
    const largest = row
      .map((share, place) => [share, labels[place]] as const)
      .sort((a, b) => b[0] - a[0])
      .slice(0, 3)
      .filter(([share]) => share > 0)
      .map(([share, label]) => `${label} ${percent(share)}`);
    return [names[which], largest.join(', ')].filter(Boolean).join(': ');
  });
  return [title, ...told].join('. ');
}
