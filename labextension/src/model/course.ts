/** What has become of a model as a picture: who was champion when, and what is told of it. Pure. */

import { ModelHistory, Move, WholeVersion } from '../api/types';

const CHAMPION = 'champion';
const DAY = 86_400;

/** A time for which a version was the champion. Times are seconds since 1970. */
export interface Reign {
  version: number;
  from: number;
  to: number;
  /** How it ended and began: in use after its gate passed, without that, or taken back later. */
  kind: 'passed' | 'other' | 'rolled back';
}

/** Who was champion when, until `now`. */
export function reignsOf(
  { moves, versions }: Pick<ModelHistory, 'moves' | 'versions'>,
  now: number
): Reign[] {
  const own = moves.filter(move => move.alias === CHAMPION);
  return own.flatMap((move, place): Reign[] => {
    const next = own[place + 1];
    if (move.after === 0) {
      return [];
    }
    const isTakenBack = next?.action === 'roll back';
    const verdict = versions.find(one => one.version === move.after)?.verdict;
    const isUsual = verdict === 'pass' && move.action !== 'override gate';
    return [
      {
        version: move.after,
        from: move.at,
        to: next?.at ?? Math.max(now, move.at),
        kind: isTakenBack ? 'rolled back' : isUsual ? 'passed' : 'other'
      }
    ];
  });
}

/** How far back a timeline reaches: in days, or all of it; `order` puts what happened at equal distances. */
export const REACHES = ['all', 'order', '365', '90', '30', '7'] as const;

export type Reach = (typeof REACHES)[number];

/** Where moments lie in a width, and the moments that it begins and ends with. */
export interface Scale {
  from: number;
  to: number;
  at(moment: number): number;
}

/** The scale of a timeline whose moments are `times`. */
export function scaleOf(
  times: readonly number[],
  now: number,
  reach: Reach,
  width: number
): Scale {
  const known = [...new Set(times)].sort((one, other) => one - other);
  const first = known[0] ?? now;
  const clamp = (part: number): number => Math.min(Math.max(part, 0), 1);
  if (reach === 'order') {
    const all = [...known.filter(time => time < now), now];
    const last = Math.max(all.length - 1, 1);
    const at = (moment: number): number => {
      const next = all.findIndex(time => time >= moment);
      if (next <= 0) {
        return next === 0 ? 0 : width;
      }
      const before = all[next - 1] ?? moment;
      const after = all[next] ?? moment;
      const part = (moment - before) / Math.max(after - before, 1e-9);
      return ((next - 1 + clamp(part)) / last) * width;
    };
    return { from: first, to: now, at };
  }
  const from = reach === 'all' ? first : now - Number(reach) * DAY;
  const range = Math.max(now - from, 1);
  return {
    from,
    to: now,
    at: moment => clamp((moment - from) / range) * width
  };
}

/** The reaches that show less than all of it. */
export function reachesOf(times: readonly number[], now: number): Reach[] {
  const oldest = Math.min(now, ...times);
  return REACHES.filter(
    reach =>
      reach === 'all' ||
      (reach === 'order'
        ? times.length > 2
        : now - oldest > Number(reach) * DAY)
  );
}

/** Which of some places have room for a label of `room` px; those that `matter` are asked first. */
export function labelled(
  places: readonly number[],
  matter: (index: number) => boolean,
  room: number
): Set<number> {
  const found = new Set<number>();
  const order = places
    .map((_, index) => index)
    .sort(
      (one, other) => Number(matter(other)) - Number(matter(one)) || other - one
    );
  for (const index of order) {
    const here = places[index] ?? 0;
    const isFree = [...found].every(
      other => Math.abs((places[other] ?? 0) - here) >= room
    );
    if (isFree) {
      found.add(index);
    }
  }
  return found;
}

/** Something that is told of a model: an alias moved, or a version was kept out by its gate. */
export type Told =
  | { kind: 'move'; at: number; move: Move }
  | { kind: 'kept out'; at: number; version: WholeVersion };

/** All that is told, the newest first. */
export function toldOf({ moves, versions }: ModelHistory): Told[] {
  const moved = new Set(
    moves.filter(move => move.alias === CHAMPION).map(move => move.after)
  );
  const keptOut = versions.filter(
    one =>
      one.verdict !== '' && one.verdict !== 'pass' && !moved.has(one.version)
  );
  return [
    ...moves.map((move): Told => ({ kind: 'move', at: move.at, move })),
    ...keptOut.map((version): Told => ({
      kind: 'kept out',
      at: version.created,
      version
    }))
  ].sort((one, other) => other.at - one.at);
}

/** The rules of some versions, in the order in which they first appear. */
export function rulesOf(versions: readonly WholeVersion[]): string[] {
  return [
    ...new Set(versions.flatMap(one => one.rules.map(rule => rule.rule)))
  ];
}
