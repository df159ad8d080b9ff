/** Which step an arrow leads to. Pure. */

import { Measures, Plan } from '../pipelines/layout';

const WAYS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0]
};

const ALONG = 4; // a row further counts as much as four times that distance aside
const SAME = 24; // pixels aside within which a step is in the same row

/**
 * The next step in the direction of an arrow: along the graph the one in the nearest row, across it the next in
 * the same row. From nowhere it is the first one; another key leads nowhere.
 */
export function neighbour(
  { places }: Plan,
  from: string | undefined,
  key: string,
  way: Measures['way'] = 'TB'
): string | undefined {
  const arrow = WAYS[key];
  const start = places.find(place => place.name === from);
  if (arrow === undefined) {
    return undefined;
  }
  if (start === undefined) {
    return places[0]?.name;
  }
  const [right, down] = arrow;
  const isAlong = (way === 'TB') === (right === 0);
  let best = Infinity;
  let found = start.name;
  for (const { name, x, y } of places) {
    const [across, along] = [x - start.x, y - start.y];
    const ahead = across * right + along * down;
    const aside = Math.abs(across * down) + Math.abs(along * right);
    const far = isAlong ? ALONG * ahead + aside : ahead;
    if (ahead > 1 && far < best && (isAlong || aside < SAME)) {
      best = far;
      found = name;
    }
  }
  return found;
}
