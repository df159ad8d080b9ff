/** A finding of the data flow, in the panel and below a cell. */

import * as React from 'react';

import { Finding, Fix } from '../api/types';

/** A finding of the data flow with its cures. `place` says where it is, and may lead there. */
export function FindingRow(props: {
  found: Finding;
  place: React.ReactNode;
  onFix: (fix: Fix) => void;
}): React.JSX.Element {
  const { found } = props;
  return (
    <li data-severity={found.severity}>
      {props.place} {found.message}
      {found.hint && <div className="jp-mlops-hint">→ {found.hint}</div>}
      {found.fixes.map(fix => (
        <button
          key={fix.title}
          className="jp-mlops-fix"
          onClick={() => props.onFix(fix)}
        >
          {fix.title}
        </button>
      ))}
    </li>
  );
}
