/** What is to be typed: in a cell, or on the command line. */

import * as React from 'react';

/** The words, as they are typed. */
export function Command({ text }: { text: string }): React.JSX.Element {
  return <pre className="jp-mlops-command">{text}</pre>;
}
