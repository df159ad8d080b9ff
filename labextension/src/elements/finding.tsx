/** A finding of the data flow, in the panel and below a cell. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Finding, Fix } from '../api/types';

/** How bad a finding is and where, as people say it: "Error in cell 3, line 1". */
export function placeOf(
  found: Pick<Finding, 'severity' | 'cell' | 'line'>,
  trans: TranslationBundle
): string {
  const { cell, line } = found;
  const kind = {
    error: trans.__('Error'),
    hazard: trans.__('Hazard'),
    note: trans.__('Note')
  }[found.severity];
  if (cell === 0) {
    return kind;
  }
  return line === 0
    ? trans.__('%1 in cell %2', kind, cell)
    : trans.__('%1 in cell %2, line %3', kind, cell, line);
}

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
