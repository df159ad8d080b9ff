/** Axes of parallel coordinates: where values lie on them, and what is written beside them. Pure. */

const FEW = 6; // different values that each have a tick
const ROOM = 0.07; // of the axis, between two ticks
const WIDE = 30; // times the least value: from here on numbers are told apart by their logarithm

/** An axis: numbers by their size or logarithm, words in their order. */
export interface Axis {
  name: string;
  isLog: boolean;
  /** Where a value lies, from 0 to 1; nothing for one that it does not have. */
  at(value: number | string | undefined): number | null;
  ticks: readonly { at: number; text: string }[];
  /** What is written of the value at a place from 0 to 1. */
  textAt(at: number): string;
}

/** The axis of some values. */
export function axisOf(
  name: string,
  values: readonly (number | string)[],
  isLog: boolean,
  textOf: (value: number) => string
): Axis {
  const numbers = values.filter(value => typeof value === 'number');
  if (numbers.length < values.length || numbers.length === 0) {
    const words = [...new Set(values.map(String))].sort();
    const at = (value: number | string | undefined): number | null => {
      const place = words.indexOf(String(value));
      return place < 0 ? null : (place + 0.5) / words.length;
    };
    return {
      name,
      isLog: false,
      at,
      ticks: words.map(text => ({ at: at(text) ?? 0, text })),
      textAt: part =>
        words[Math.min(Math.floor(part * words.length), words.length - 1)] ?? ''
    };
  }
  const low = Math.min(...numbers);
  const high = Math.max(...numbers);
  const bends = isLog && low > 0;
  const by = (value: number): number => (bends ? Math.log(value) : value);
  const isWhole = numbers.every(Number.isInteger) && high - low > 3;
  const back = (part: number): number => {
    const value = by(low) + part * (by(high) - by(low));
    const found = bends ? Math.exp(value) : value;
    return isWhole ? Math.round(found) : found;
  };
  // between its ends, a logarithmic axis has round numbers
  const tickAt = (part: number): number =>
    bends && part % 1 ? Number(back(part).toPrecision(2)) : back(part);
  const at = (value: number | string | undefined): number | null =>
    typeof value !== 'number' || (bends && value <= 0)
      ? null
      : high === low
        ? 0.5
        : (by(value) - by(low)) / (by(high) - by(low));
  const few = [...new Set(numbers)].sort((a, b) => a - b);
  const wanted = few.length <= FEW ? few : [0, 1 / 3, 2 / 3, 1].map(tickAt);
  return {
    name,
    isLog: bends,
    at,
    ticks: spaced(wanted, at, textOf),
    textAt: part => textOf(back(part))
  };
}

/** Ticks at some values, without those that would touch the one below; both ends are kept. */
function spaced(
  values: readonly number[],
  at: Axis['at'],
  textOf: (value: number) => string
): { at: number; text: string }[] {
  const all = values.map(value => ({
    at: at(value) ?? 0,
    text: textOf(value)
  }));
  const last = all[all.length - 1];
  return all.reduce<{ at: number; text: string }[]>((found, tick) => {
    const before = found[found.length - 1];
    const isFree =
      (before === undefined || tick.at - before.at >= ROOM) &&
      (last === undefined || last.at - tick.at >= ROOM);
    return isFree || tick === last ? [...found, tick] : found;
  }, []);
}

/** The same axis, with its lowest value at the top. */
export function turned(axis: Axis): Axis {
  return {
    ...axis,
    at: value => {
      const at = axis.at(value);
      return at === null ? null : 1 - at;
    },
    ticks: axis.ticks.map(({ at, text }) => ({ at: 1 - at, text })),
    textAt: at => axis.textAt(1 - at)
  };
}

/** Whether positive numbers lie so far apart that their logarithm tells them apart better. */
export function isWide(numbers: readonly number[]): boolean {
  const low = Math.min(...numbers);
  return low > 0 && Math.max(...numbers) / low >= WIDE;
}
