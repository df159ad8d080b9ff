/** How wide an element is, now and when that changes. */

import * as React from 'react';

/** A reference for the element, and its width in px; `usual` before it is known. */
export function useWidth<T extends HTMLElement>(
  usual: number
): [React.RefObject<T>, number] {
  const host = React.useRef<T>(null);
  const [width, setWidth] = React.useState(usual);
  React.useEffect(() => {
    const element = host.current;
    if (element === null) {
      return;
    }
    const watch = new ResizeObserver(([entry]) => {
      const found = Math.floor(entry?.contentRect.width ?? 0);
      if (found > 0) {
        setWidth(found);
      }
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return [host, width];
}
