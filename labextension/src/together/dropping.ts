/** Notebooks that are dragged here from the file browser. */

import { Drag } from '@lumino/dragdrop';
import * as React from 'react';

const FILES = 'application/x-jupyter-icontents';

/** Calls `onDrop` with the paths of what is dropped on an element; whether something is dragged over it now. */
export function useDropped(
  host: React.RefObject<HTMLElement>,
  onDrop: (paths: readonly string[]) => void
): boolean {
  const [isOver, setOver] = React.useState(false);
  const latest = React.useRef(onDrop);
  latest.current = onDrop;
  React.useEffect(() => {
    const element = host.current;
    const take = (event: Event, act: (drag: Drag.Event) => void): void => {
      const drag = event as Drag.Event;
      if (drag.mimeData.hasData(FILES)) {
        event.preventDefault();
        event.stopPropagation();
        act(drag);
      }
    };
    const over = (event: Event): void =>
      take(event, drag => {
        drag.dropAction = 'move';
        setOver(true);
      });
    const leave = (event: Event): void => take(event, () => setOver(false));
    const drop = (event: Event): void =>
      take(event, drag => {
        drag.dropAction = 'none'; // the files stay where they are
        setOver(false);
        latest.current(drag.mimeData.getData(FILES) as string[]);
      });
    const handlers = {
      'lm-dragenter': over,
      'lm-dragover': over,
      'lm-dragleave': leave,
      'lm-drop': drop
    };
    const all = Object.entries(handlers);
    all.forEach(([name, act]) => element?.addEventListener(name, act));
    return () =>
      all.forEach(([name, act]) => element?.removeEventListener(name, act));
  }, []);
  return isOver;
}
