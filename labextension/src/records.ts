/** Small things that are done to records. */

/** A copy of a record without one key. */
export function without<T extends object>(record: T, key: string): T {
  return Object.fromEntries(
    Object.entries(record).filter(([name]) => name !== key)
  ) as T;
}
