/** The lines of a log: which are shown, what they say as one text, when they came. Pure. */

import { LogLine } from '../api/types';

/** What of a log is shown. */
export interface Wanted {
  words: string;
  onlyErrors: boolean;
}

/** Whether a line tells of something that went wrong. */
function isError({ kind }: LogLine): boolean {
  return kind === 'error';
}

/** How many errors a log tells of: the lines of one stand together. */
export function errorsIn(lines: readonly LogLine[]): number {
  return lines.filter((line, place) => {
    const above = lines[place - 1];
    return (
      isError(line) && !(above && isError(above) && above.step === line.step)
    );
  }).length;
}

/** The lines that are wanted; what was printed to stderr is among the errors, as it is on a terminal. */
export function matching(
  lines: readonly LogLine[],
  { words, onlyErrors }: Wanted
): readonly LogLine[] {
  const sought = words.trim().toLowerCase();
  return lines.filter(
    line =>
      (!onlyErrors || isError(line) || line.kind === 'err') &&
      (sought === '' ||
        `${line.step} ${line.text}`.toLowerCase().includes(sought))
  );
}

/** The time of day at which a line came, to the second. */
export function clockOf({ time }: LogLine): string {
  return time === null
    ? ''
    : new Date(time * 1000).toLocaleTimeString('en-GB', { hour12: false });
}

/** The lines as a text, with their times. */
export function asText(lines: readonly LogLine[]): string {
  return lines
    .map(line =>
      [clockOf(line), line.step, line.text]
        .filter(part => part !== '')
        .join('  ')
    )
    .join('\n');
}
