/** Many points → few stretches of one axis, each with its least, greatest and mean value. Pure. */

/** Points of one line on an axis. */
export interface Points {
  places: readonly number[];
  values: readonly (number | null)[];
}

/** A line over stretches: its mean, and the least and the greatest value. */
export interface Banded extends Points {
  low: readonly (number | null)[];
  high: readonly (number | null)[];
}

/** How many stretches a chart is wide. */
export const STRETCHES = 240;

/** Whether lines have more points than a chart can tell apart. */
export function isCrowded(lines: readonly Points[]): boolean {
  return lines.some(line => line.places.length > 2 * STRETCHES);
}

/** What is known of one stretch. */
interface Stretch {
  sum: number;
  count: number;
  low: number;
  high: number;
}

/** Lines over the same stretches, so that they share their places; a stretch without any number is a gap. */
export function banded(lines: readonly Points[], most = STRETCHES): Banded[] {
  const [from, to] = endsOf(lines);
  const width = (to - from) / most || 1;
  const placeOf = (at: number): number => from + (at + 0.5) * width;
  return lines.map(line => {
    const stretches = stretchesOf(line, from, width, most);
    const found = [...stretches].sort((a, b) => a[0] - b[0]);
    const each = (
      valueOf: (stretch: Stretch) => number
    ): readonly (number | null)[] =>
      found.map(([, own]) => (own.count === 0 ? null : valueOf(own)));
    return {
      places: found.map(([at]) => placeOf(at)),
      values: each(own => own.sum / own.count),
      low: each(own => own.low),
      high: each(own => own.high)
    };
  });
}

function stretchesOf(
  { places, values }: Points,
  from: number,
  width: number,
  most: number
): Map<number, Stretch> {
  const found = new Map<number, Stretch>();
  places.forEach((place, n) => {
    const at = Math.min(Math.floor((place - from) / width), most - 1);
    const own = found.get(at) ?? {
      sum: 0,
      count: 0,
      low: Infinity,
      high: -Infinity
    };
    found.set(at, own);
    const value = values[n] ?? null;
    if (value !== null) {
      own.sum += value;
      own.count += 1;
      own.low = Math.min(own.low, value);
      own.high = Math.max(own.high, value);
    }
  });
  return found;
}

function endsOf(lines: readonly Points[]): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const { places } of lines) {
    for (const place of places) {
      low = Math.min(low, place);
      high = Math.max(high, place);
    }
  }
  return [low, high];
}
