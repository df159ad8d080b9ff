/** Whether anything of a graph is in sight. Pure. */

/** Where the graph lies behind the window through which it is seen. */
interface Window {
  x: number;
  y: number;
  zoom: number;
  width: number;
  height: number;
}

/** Whether at least one of the boxes of `size` is seen whole. */
export function isSeen(
  places: readonly { x: number; y: number }[],
  size: { width: number; height: number },
  { x, y, zoom, width, height }: Window
): boolean {
  return places.some(place => {
    const [left, top] = [place.x * zoom + x, place.y * zoom + y];
    return (
      left >= 0 &&
      top >= 0 &&
      left + size.width * zoom <= width &&
      top + size.height * zoom <= height
    );
  });
}
