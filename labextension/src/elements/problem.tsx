/** What is wrong, as every page says it. */

import * as React from 'react';

import { Problem } from '../problems';

/** What is wrong, and what to do, if anything is. Line breaks are kept: they mark places. */
export function ProblemBox(props: {
  problem: Problem | null;
  /** What can be done about it. */
  children?: React.ReactNode;
}): React.JSX.Element | null {
  return (
    props.problem && (
      <div className="jp-mlops-problem" role="alert">
        <pre>{props.problem.message}</pre>
        {props.problem.hint}
        {props.children}
      </div>
    )
  );
}
