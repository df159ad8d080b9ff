/** The pipeline of the notebook in front: its graph, what is wrong with it, and what can be done. */

import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Client } from '../api/client';
import { Finding, Graph } from '../api/types';
import { hueOf } from '../steps/roles';
import { PipelineModel } from './model';

const Picture = React.lazy(() => import('./picture'));

/** The section of the panel. */
export class PipelineSection extends ReactWidget {
  constructor(
    private readonly _model: PipelineModel,
    private readonly _client: Client,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-mlops-pipeline');
    this.title.label = _trans.__('Pipeline');
  }

  protected override render(): React.JSX.Element {
    return (
      <UseSignal signal={this._model.changed}>
        {() => this._body(this._model.graph)}
      </UseSignal>
    );
  }

  private _body(graph: Graph | null): React.JSX.Element {
    const { problem, told, panel } = this._model;
    if (panel === null) {
      return (
        <p className="jp-mlops-empty">
          {this._trans.__('Open a notebook to see its pipeline.')}
        </p>
      );
    }
    const steps = graph?.steps ?? [];
    const errors = graph?.findings.some(found => found.severity === 'error');
    return (
      <div>
        {problem && (
          <div className="jp-mlops-problem" role="alert">
            {problem.message} {problem.hint}
          </div>
        )}
        <div className="jp-mlops-buttons">
          <button
            className="jp-mod-styled jp-mod-accept"
            disabled={steps.length === 0 || errors}
            onClick={() => void this._run()}
          >
            {this._trans.__('Run')}
          </button>
          <button
            className="jp-mod-styled"
            disabled={steps.length === 0 || errors}
            onClick={() => void this._export()}
          >
            {this._trans.__('Export')}
          </button>
          <span role="status">{told}</span>
        </div>
        {graph && steps.length > 0 && (
          <React.Suspense fallback={null}>
            <Picture
              graph={graph}
              states={this._model.states}
              onOpen={name => this._openStep(name)}
              trans={this._trans}
            />
          </React.Suspense>
        )}
        <Steps
          graph={graph}
          onOpen={id => this._open(id)}
          trans={this._trans}
        />
        <Findings
          findings={graph?.findings ?? []}
          onOpen={id => this._open(id)}
        />
      </div>
    );
  }

  private _run(): Promise<void> {
    return this._model.withFile(async path => {
      const { folder } = await this._client.execute(path);
      return this._trans.__('Started %1', folder);
    });
  }

  private _export(): Promise<void> {
    return this._model.withFile(async path => {
      const { folder } = await this._client.export(path);
      return this._trans.__('Written to %1', folder);
    });
  }

  private _openStep(name: string): void {
    const step = this._model.graph?.steps.find(found => found.name === name);
    this._open(step?.cells[0] ?? '');
  }

  private _open(id: string): void {
    const content = this._model.panel?.content;
    const place =
      content?.widgets.findIndex(cell => cell.model.id === id) ?? -1;
    if (content && place >= 0) {
      content.activeCellIndex = place;
      void content.scrollToItem(place, 'smart');
    }
  }
}

function Steps(props: {
  graph: Graph | null;
  onOpen: (cellId: string) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { graph, trans } = props;
  if (graph !== null && graph.steps.length === 0) {
    return (
      <p className="jp-mlops-empty">
        {trans.__(
          'No cell is in a step yet. Select cells and press Alt+S, or use the button on the cell.'
        )}
      </p>
    );
  }
  return (
    <details>
      <summary>{trans.__('As a list')}</summary>
      <ol className="jp-mlops-steps" aria-label={trans.__('Steps')}>
        {graph?.steps.map(step => (
          <li key={step.name} data-mlops-hue={hueOf(step.name)}>
            <button onClick={() => props.onOpen(step.cells[0] ?? '')}>
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

function Findings(props: {
  findings: readonly Finding[];
  onOpen: (cellId: string) => void;
}): React.JSX.Element {
  return (
    <ul className="jp-mlops-findings">
      {props.findings.map((found, place) => (
        <li key={place} data-severity={found.severity}>
          <button
            disabled={found.cell_id === ''}
            onClick={() => props.onOpen(found.cell_id)}
          >
            {found.severity}
            {found.cell > 0 && ` · ${found.cell}:${found.line}`}
          </button>{' '}
          {found.message}
          {found.hint && <div className="jp-mlops-hint">→ {found.hint}</div>}
        </li>
      ))}
    </ul>
  );
}
