/** How wide and how high an element is, now and when that changes. */

import * as React from 'react';

/** A reference for the element, and its width in px; `usual` before it is known. */
export function useWidth<T extends HTMLElement>(
  usual: number
): [React.RefObject<T>, number] {
  const [host, width] = useRoom<T>(usual);
  return [host, width];
}

/** The same with its height, of an element whose content does not make it higher. */
export function useRoom<T extends HTMLElement>(
  usual: number
): [React.RefObject<T>, number, number] {
  const host = React.useRef<T>(null);
  const [width, setWidth] = React.useState(usual);
  const [height, setHeight] = React.useState(0);
  React.useEffect(() => {
    const element = host.current;
    if (element === null) {
      return;
    }
    const watch = new ResizeObserver(([entry]) => {
      const found = Math.floor(entry?.contentRect.width ?? 0);
      if (found > 0) {
        setWidth(found);
        setHeight(Math.floor(entry?.contentRect.height ?? 0));
      }
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return [host, width, height];
}

/** A reference for the element; `note` hears how high it is, in px. */
export function useHeight<T extends HTMLElement>(
  note: (height: number) => void
): React.RefObject<T> {
  const host = React.useRef<T>(null);
  React.useEffect(() => {
    const element = host.current;
    if (element === null) {
      return;
    }
    const watch = new ResizeObserver(() => note(element.offsetHeight));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return host;
}
