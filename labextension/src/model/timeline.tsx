/** The versions of a model over time: who was champion when, and how each version came out. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { WholeVersion } from '../api/types';
import { Card, Choice, useWidth } from '../elements';
import { when } from '../runs/words';
import {
  labelled,
  Reach,
  reachesOf,
  Reign,
  reignsOf,
  Scale,
  scaleOf
} from './course';
import { Shown } from './page';

const LEFT = 76;
const RIGHT = 32;
const ROOM = 34;
const LANES = { champion: 16, version: 72, words: 96, axis: 136 };

/** The card. */
export function Timeline(props: Shown): React.JSX.Element {
  const { around, model } = props;
  const { trans } = around;
  const [reach, setReach] = React.useState<Reach>('all');
  const now = Date.now() / 1000;
  const times = [
    ...model.versions.map(one => one.created),
    ...model.moves.map(move => move.at)
  ];
  const names: Record<Reach, string> = {
    all: trans.__('All, by time'),
    order: trans.__('All, one by one'),
    '365': trans.__('Last year'),
    '90': trans.__('Last 90 days'),
    '30': trans.__('Last 30 days'),
    '7': trans.__('Last 7 days')
  };
  return (
    <Card
      title={trans.__('Versions over time')}
      hint={trans.__(
        'Teal: champion after its gate passed. Rust: rolled back later. Grey: promoted without that'
      )}
      actions={
        <Choice
          label={trans.__('Time that is shown')}
          value={reach}
          values={reachesOf(times, now)}
          names={names}
          onChange={word => setReach(word as Reach)}
        />
      }
    >
      <Picture {...props} times={times} now={now} reach={reach} />
    </Card>
  );
}

function Picture(
  props: Shown & { times: readonly number[]; now: number; reach: Reach }
): React.JSX.Element {
  const { around, model, times, now, reach } = props;
  const { trans } = around;
  const [host, width] = useWidth<HTMLDivElement>(700);
  const room = Math.max(width - LEFT - RIGHT, 60);
  const scale = scaleOf(times, now, reach, room);
  const reigns = reignsOf(model, now).filter(one => one.to >= scale.from);
  const versions = model.versions.filter(one => one.created >= scale.from);
  const said = reigns.map(one =>
    trans.__('v%1 from %2', one.version, when(one.from, now, trans))
  );
  return (
    <div ref={host}>
      <svg
        className="jp-mlops-timeline"
        width={width}
        height={reach === 'order' ? LANES.axis - 16 : LANES.axis + 16}
        role="img"
        aria-label={trans.__(
          'Champions: %1',
          said.join(', ') || trans.__('none yet')
        )}
      >
        <text x="0" y={LANES.champion + 16}>
          {trans.__('champion')}
        </text>
        <text x="0" y={LANES.version + 4}>
          {trans.__('versions')}
        </text>
        <g transform={`translate(${LEFT} 0)`}>
          <Axis scale={scale} width={room} reach={reach} />
          {reigns.map(reign => (
            <ReignBar key={reign.from} reign={reign} scale={scale} />
          ))}
          <RollBacks {...props} scale={scale} />
          <Versions {...props} versions={versions} scale={scale} />
        </g>
      </svg>
    </div>
  );
}

function Axis(props: {
  scale: Scale;
  width: number;
  reach: Reach;
}): React.JSX.Element | null {
  const { scale, width, reach } = props;
  if (reach === 'order') {
    return null;
  }
  const count = Math.max(1, Math.min(6, Math.floor(width / 110)));
  const range = scale.to - scale.from;
  const format: Intl.DateTimeFormatOptions =
    range < 1_200
      ? { hour: '2-digit', minute: '2-digit', second: '2-digit' }
      : range < 2 * 86_400
        ? { hour: '2-digit', minute: '2-digit' }
        : range < 300 * 86_400
          ? { day: 'numeric', month: 'short' }
          : { month: 'short', year: 'numeric' };
  return (
    <>
      {Array.from({ length: count }, (_, place) => {
        const at = scale.from + (range * place) / count;
        const x = Math.round(scale.at(at));
        return (
          <React.Fragment key={place}>
            <path className="jp-mod-rule" d={`M${x} 8V${LANES.axis - 12}`} />
            <text x={x} y={LANES.axis + 4}>
              {new Date(at * 1000).toLocaleString(undefined, format)}
            </text>
          </React.Fragment>
        );
      })}
    </>
  );
}

function ReignBar(props: { reign: Reign; scale: Scale }): React.JSX.Element {
  const { reign, scale } = props;
  const x = scale.at(reign.from);
  const wide = Math.max(scale.at(reign.to) - x, 3);
  return (
    <g className="jp-mlops-reign" data-kind={reign.kind}>
      <rect x={x} y={LANES.champion} width={wide} height="24" />
      <path d={`M${x + 1.5} ${LANES.champion}v24`} />
      {wide > 28 && (
        <text x={x + 8} y={LANES.champion + 16}>{`v${reign.version}`}</text>
      )}
    </g>
  );
}

/** An arrow for each time that the champion before came back. */
function RollBacks(props: Shown & { scale: Scale }): React.JSX.Element {
  const { around, model, scale } = props;
  const back = model.moves.filter(
    move =>
      move.alias === 'champion' &&
      move.action === 'roll back' &&
      move.at >= scale.from
  );
  const y = LANES.champion + 24;
  const named = labelled(
    back.map(move => scale.at(move.at)),
    () => true,
    200
  );
  return (
    <>
      {back.map((move, place) => {
        const x = scale.at(move.at);
        const isLate = x > 120;
        const end = Math.max(x - 56, 0);
        return (
          <g key={move.at} className="jp-mlops-back">
            <path
              d={`M${x} ${y}C${x} ${y + 18} ${end} ${y + 18} ${end} ${y + 3}`}
            />
            <path
              d={`M${end - 4} ${y + 8}L${end} ${y + 2}L${end + 4} ${y + 8}`}
            />
            {named.has(place) && (isLate || scale.at(scale.to) - x > 130) && (
              <text
                x={isLate ? end - 8 : x + 8}
                y={y + 16}
                textAnchor={isLate ? 'end' : 'start'}
              >
                {around.trans.__('rolled back to v%1', move.after)}
              </text>
            )}
          </g>
        );
      })}
    </>
  );
}

function Versions(
  props: Shown & { versions: readonly WholeVersion[]; scale: Scale }
): React.JSX.Element {
  const { around, versions, scale, chosen, champion, choose } = props;
  const { trans } = around;
  const places = versions.map(one => scale.at(one.created));
  const named = labelled(
    places,
    index => [chosen, champion].includes(versions[index]),
    ROOM
  );
  return (
    <>
      {versions.map((one, index) => {
        const x = places[index] ?? 0;
        const became = props.model.moves.find(
          move => move.alias === 'champion' && move.after === one.version
        );
        const wasChampion = became !== undefined;
        return (
          <g
            key={one.version}
            className="jp-mlops-mark"
            data-verdict={one.verdict}
            data-chosen={one === chosen}
            transform={`translate(${x} 0)`}
            onClick={() => choose(one.version)}
          >
            <title>
              {trans.__(
                'v%1: %2',
                one.version,
                one.verdict ? one.why : trans.__('not judged')
              )}
            </title>
            {became && <Rise by={scale.at(became.at) - x} />}
            <Mark verdict={one.verdict} />
            {named.has(index) && (
              <Name version={one} wasChampion={wasChampion} trans={trans} />
            )}
          </g>
        );
      })}
    </>
  );
}

/** From a version to where it became champion. */
function Rise({ by }: { by: number }): React.JSX.Element {
  const top = LANES.champion + 28;
  return (
    <g className="jp-mod-rise">
      <path d={`M0 ${LANES.version - 10}L${by} ${top}`} />
      <path d={`M${by - 4} ${top + 6}L${by} ${top}L${by + 4} ${top + 6}`} />
    </g>
  );
}

/** What a version is called, and why it never was the champion. */
function Name(props: {
  version: WholeVersion;
  wasChampion: boolean;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { version, wasChampion, trans } = props;
  const isOpen = version.verdict === '' || version.verdict === 'pass';
  return (
    <>
      <text y={LANES.words} textAnchor="middle">
        {`v${version.version}`}
      </text>
      {!wasChampion && (
        <text className="jp-mod-quiet" y={LANES.words + 15} textAnchor="middle">
          {isOpen ? trans.__('waiting') : trans.__('kept out')}
        </text>
      )}
    </>
  );
}

/** How the gate came out: a disc, an octagon, or a ring where nothing was decided. */
function Mark({ verdict }: { verdict: string }): React.JSX.Element {
  const at = `translate(-8 ${LANES.version - 8})`;
  if (verdict === 'pass') {
    return (
      <g transform={at}>
        <circle cx="8" cy="8" r="6.5" className="jp-mod-filled" />
        <path d="M5 8.3l2 2 4-4.5" className="jp-mod-hollow" />
      </g>
    );
  }
  return verdict === 'fail' ? (
    <g transform={at}>
      <path
        d="M5.3 1.5h5.4l3.800 3.800v5.400l-3.800 3.800H5.300l-3.800-3.800V5.300z"
        className="jp-mod-filled"
      />
      <path d="M5.5 5.5l5 5M10.5 5.5l-5 5" className="jp-mod-hollow" />
    </g>
  ) : (
    <g transform={at}>
      <circle cx="8" cy="8" r="6" className="jp-mod-ring" />
    </g>
  );
}
