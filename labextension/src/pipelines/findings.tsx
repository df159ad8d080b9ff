/** What is wrong with a pipeline, as a list: a click goes to the cell, or applies a cure. */

import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import { Finding, Fix, Graph } from '../api/types';
import { FindingRow, placeOf } from '../elements';
import { hueAt } from '../runs/marked';

/** The findings. */
export function Findings(props: {
  findings: readonly Finding[];
  onOpen: (cellId: string) => void;
  onFix: (fix: Fix) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  return (
    <ul className="jp-mlops-findings">
      {props.findings.map((found, place) => (
        <FindingRow
          key={place}
          found={found}
          onFix={props.onFix}
          place={
            <button
              className="jp-mlops-link"
              disabled={found.cell_id === ''}
              onClick={() => props.onOpen(found.cell_id)}
            >
              {placeOf(found, props.trans)}
            </button>
          }
        />
      ))}
    </ul>
  );
}

/** The steps and what crosses between them, for those who read rather than look. */
export function Steps(props: {
  graph: Graph;
  onOpen: (cellId: string) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { graph, trans } = props;
  return (
    <details>
      <summary>{trans.__('As a list')}</summary>
      <ol className="jp-mlops-steps" aria-label={trans.__('Steps')}>
        {graph.steps.map((step, place) => (
          <li
            key={step.name}
            style={{ ['--jp-mlops-hue' as string]: `var(${hueAt(place)})` }}
          >
            <button
              className="jp-mlops-link"
              onClick={() => props.onOpen(step.cells[0] ?? '')}
            >
              {step.name}
            </button>
            {graph.edges
              .filter(edge => edge.to === step.name)
              .map(edge => (
                <div className="jp-mlops-edge" key={edge.from}>
                  ← {edge.from}: {[...edge.names, ...edge.reasons].join(', ')}
                </div>
              ))}
          </li>
        ))}
      </ol>
    </details>
  );
}
