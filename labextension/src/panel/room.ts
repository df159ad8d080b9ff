/** How the sections of the panel share its height: the pipeline takes what it needs, the runs have the rest. */

import { AccordionPanel, Widget } from '@lumino/widgets';

const MOST = 0.62; // of the room that the pipeline may take
const LEAST = 96; // pixels
const TITLE = 33; // pixels of a heading
const MARGIN = 8;

/** A section that says how high its content is. */
export interface High extends Widget {
  readonly wanted: number;
}

/** The heights of sections in `room` pixels; the first one wants `wanted`, those that are folded nothing. Pure. */
export function heightsIn(
  room: number,
  wanted: number,
  folded: readonly boolean[]
): number[] {
  const others = folded.slice(1).filter(isFolded => !isFolded).length;
  const most = others === 0 ? room : room * MOST;
  const first = folded[0]
    ? 0
    : others === 0
      ? room
      : Math.min(Math.max(wanted + MARGIN, LEAST), most);
  return folded.map((isFolded, place) =>
    isFolded ? 0 : place === 0 ? first : (room - first) / others
  );
}

/** Gives the sections their heights. */
export function share(content: AccordionPanel, first: High): void {
  const { widgets } = content;
  const room = content.node.clientHeight - TITLE * widgets.length;
  if (room > 0) {
    const folded = widgets.map(section => section.isHidden);
    content.setRelativeSizes(heightsIn(room, first.wanted, folded));
  }
}
