/** How a run is drawn in every chart: its short name, its color, whether dashed. */

import { Run } from '../api/types';
import { hueAt, HUES, Marked } from './marked';

/** The line of a run. `hue` is a custom property. */
export interface Line {
  id: string;
  name: string;
  hue: string;
  dashed: boolean;
  /** Which data its values are of, where there are several: those that a model was trained on are dotted. */
  part?: string;
  dotted?: boolean;
}

/** The line of a run that has an eye; others get the color of `place`. */
export function drawnAs(run: Run, marked: Marked | null, place = 0): Line {
  const own = marked?.placeOf(run.id) ?? -1;
  const at = own >= 0 ? own : place;
  return {
    id: run.id,
    name: `#${run.number}`,
    hue: hueAt(at),
    dashed: at >= HUES || marked?.baseline === run.id
  };
}
