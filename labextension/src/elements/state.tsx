/** The state of a run: a shape, a colour and a word, so that none is needed alone. */

import * as React from 'react';

import { Status } from '../api/types';

const SHAPES: Record<
  Status | 'cached' | 'skipped' | 'unknown',
  React.JSX.Element
> = {
  finished: (
    <>
      <circle cx="8" cy="8" r="6.5" className="jp-mod-filled" />
      <path d="M5 8.3l2 2 4-4.5" className="jp-mod-hollow" />
    </>
  ),
  failed: (
    <>
      <path
        d="M5.3 1.5h5.400l3.8 3.8v5.400l-3.8 3.8H5.3l-3.8-3.8V5.3z"
        className="jp-mod-filled"
      />
      <path d="M5.5 5.5l5 5M10.5 5.5l-5 5" className="jp-mod-hollow" />
    </>
  ),
  killed: <path d="M3 3h10v10H3z" className="jp-mod-filled" />,
  blocked: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M3.8 12.2l8.4-8.4" />
    </>
  ),
  running: (
    <>
      <circle cx="8" cy="8" r="6" className="jp-mod-track" />
      <path d="M8 2a6 6 0 0 1 6 6" />
    </>
  ),
  pending: <path d="M3 8h.01M8 8h.01M13 8h.01" strokeWidth="3" />,
  cached: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M5 8.3l2 2 4-4.5" />
    </>
  ),
  unknown: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M6.3 6.4a1.800 1.800 0 1 1 2.400 1.900c-.5.2-.7.5-.7 1.100M8 11.400h.01" />
    </>
  ),
  skipped: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M5 8h6" />
    </>
  )
};

/** The shape. `word` says the state in the reader's language, and why it is so. */
export function State(props: {
  state: keyof typeof SHAPES;
  word: string;
}): React.JSX.Element {
  return (
    <svg
      className="jp-mlops-state"
      data-state={props.state}
      viewBox="0 0 16 16"
      role="img"
      aria-label={props.word}
    >
      <title>{props.word}</title>
      {SHAPES[props.state]}
    </svg>
  );
}
