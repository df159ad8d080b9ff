/** The icons of the pages: 16 px, a line of 1.5 px in the colour of the text around them. */

import * as React from 'react';

const PATHS = {
  search: 'M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.5 10.5 14 14',
  eye: 'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4z',
  hidden:
    'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM3 13 13 3',
  pin: 'M6 2h4l-.5 4L12 8.5H4L6.5 6zM8 8.5V14',
  columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
  group: 'M2 4h12M5 8h9M8 12h6',
  more: 'M3.5 8h.01M8 8h.01M12.5 8h.01',
  close: 'M4 4l8 8M12 4l-8 8',
  down: 'M4 6l4 4 4-4',
  right: 'M6 4l4 4-4 4',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  full: 'M2.5 6v-3.5h3.5M10 2.5h3.5V6M13.5 10v3.5H10M6 13.5H2.5V10',
  table: 'M2.5 3h11v10h-11zM2.5 6.5h11M7 6.5V13',
  run: 'M5 3l8 5-8 5z',
  kernel:
    'M4.5 4.5h7v7h-7zM6.500 2v2.500M9.500 2v2.500M6.500 11.500V14M9.500 11.500V14M2 6.500h2.500M2 9.500h2.500M11.500 6.500H14M11.500 9.500H14',
  check: 'M3 8.5 6.5 12 13 4.5',
  edit: 'M3 13l.5-2.5L10.5 3.5l2 2L5.5 12.5zM9 5l2 2',
  warning: 'M8 2 14.5 13.5h-13zM8 6.5v3.2M8 11.6h.01',
  plus: 'M8 3v10M3 8h10',
  minus: 'M3 8h10',
  link: 'M6.5 9.5l3-3M7 4.5 9 2.500a2.800 2.800 0 0 1 4 4L11 8.500M9 11.500l-2 2a2.800 2.800 0 0 1-4-4L5 7.500',
  star: 'M8 2l1.8 3.8 4.2.5-3.100 2.900.8 4.100L8 11.3l-3.700 2 .8-4.100L2 6.3l4.2-.5z'
} as const;

/** What an icon is called. */
export type IconName = keyof typeof PATHS;

/** The icon; it says nothing to a screen reader, what it stands in does. */
export function Icon({ name }: { name: IconName }): React.JSX.Element {
  return (
    <svg className="jp-mlops-icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
