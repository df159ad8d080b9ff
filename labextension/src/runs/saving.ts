/** What is on screen as a file: a table as CSV, and the browser's door for any. */

import { Value } from '../api/types';

/** One cell of CSV. What a spreadsheet would take for a formula is kept from being one. */
export function csvCell(value: Value | null): string {
  const text = value === null ? '' : String(value);
  const safe =
    typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

/** A table as CSV. */
export function csv(rows: readonly (readonly (Value | null)[])[]): string {
  return rows.map(row => `${row.map(csvCell).join(',')}\r\n`).join('');
}

/** Gives the browser a file to save. */
export function download(name: string, content: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(content);
  link.download = name.replace(/[^\w.-]+/g, '_');
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
