/** A run with all that is known of it → the run as lists and charts take it. */

import { Run, RunDetail } from '../api/types';

/** The run in short: of each metric the newest value. */
export function inShort(found: RunDetail): Run {
  return {
    ...found,
    deleted: false,
    parts: found.children.length,
    metrics: Object.fromEntries(
      Object.entries(found.metrics).map(([name, metric]) => [
        name,
        metric.latest
      ])
    )
  };
}
