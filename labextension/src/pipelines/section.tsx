/** The pipeline of the notebook in front: its graph, what is wrong with it, and what can be done. */

import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import * as React from 'react';

import { Client } from '../api/client';
import { Graph } from '../api/types';
import { Button, ProblemBox } from '../elements';
import { askForSchedule } from '../schedules/form';
import { applyChanges } from '../steps/retagging';
import { Findings, Steps } from './findings';
import { LastRun } from './log';
import { PipelineModel } from './model';
import { Parameters } from './parameters';
import { suggestSteps } from './suggestion';
import { askForSweep } from './sweep';

const Picture = React.lazy(() => import('./picture'));

/** What the section asks of its surroundings. */
export interface Actions {
  openRun(id: string): void;
  openExample(): void;
  /** Opens a notebook at a cell. */
  openAt(path: string, cell: string): Promise<void>;
}

/** The section of the panel. */
export class PipelineSection extends ReactWidget {
  constructor(
    private readonly _model: PipelineModel,
    private readonly _client: Client,
    private readonly _actions: Actions,
    private readonly _trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-mlops-pipeline');
    this.title.label = _trans.__('Pipeline');
  }

  protected override render(): React.JSX.Element {
    return (
      <UseSignal signal={this._model.changed}>
        {() =>
          this._model.panel === null ? this._empty() : this._body(this._model)
        }
      </UseSignal>
    );
  }

  private _empty(): React.JSX.Element {
    return (
      <div className="jp-mlops-empty">
        <p>{this._trans.__('Open a notebook to see its pipeline.')}</p>
        <Button
          label={this._trans.__('Open the Example')}
          onClick={() => this._actions.openExample()}
        />
      </div>
    );
  }

  private _body({ graph, problem, last }: PipelineModel): React.JSX.Element {
    return (
      <div>
        <ProblemBox problem={problem} />
        {this._buttons(graph)}
        {graph && graph.steps.length === 0 && (
          <p className="jp-mlops-empty">
            {this._trans.__(
              'No cell is in a step yet. Select cells and press Alt+S, use the button on the cell, or let steps be suggested.'
            )}
          </p>
        )}
        {graph && graph.steps.length > 0 && this._pipeline(graph)}
        <Findings
          findings={graph?.findings ?? []}
          onOpen={id => this._open(id)}
          onFix={fix => {
            const notebook = this._model.panel?.content;
            if (notebook) {
              applyChanges(notebook, fix.tags);
            }
          }}
        />
        <LastRun
          last={last}
          client={this._client}
          onResume={run => void this._run(run)}
          onCancel={run => void this._cancel(run)}
          onDebug={run => void this._debug(run)}
          onOpen={id => this._actions.openRun(id)}
          trans={this._trans}
        />
      </div>
    );
  }

  private _buttons(graph: Graph | null): React.JSX.Element {
    const trans = this._trans;
    const errors = graph?.findings.some(found => found.severity === 'error');
    const idle = !graph || graph.steps.length === 0 || errors === true;
    return (
      <div className="jp-mlops-buttons">
        <Button
          label={trans.__('Run')}
          title={trans.__('Run it headless, in the background')}
          disabled={idle}
          accept
          onClick={() => void this._run()}
        />
        <Button
          label={trans.__('Sweep…')}
          title={trans.__('Run it with many combinations of parameters')}
          disabled={idle || graph.parameters.length === 0}
          onClick={() => graph && void this._sweep(graph)}
        />
        <Button
          label={trans.__('Export')}
          title={trans.__('Write one papermill notebook a step into a folder')}
          disabled={idle}
          onClick={() => void this._export()}
        />
        <Button
          label={trans.__('Schedule…')}
          title={trans.__('Run it again and again, at set times')}
          disabled={idle}
          onClick={() => void this._schedule()}
        />
        <Button
          label={trans.__('Check')}
          title={trans.__('Analyse the notebook anew')}
          onClick={() => this._model.check()}
        />
        <Button
          label={trans.__('Suggest Steps…')}
          title={trans.__('Propose steps from headings')}
          onClick={() => this._suggest()}
        />
        <span role="status">{this._model.told}</span>
      </div>
    );
  }

  private _pipeline(graph: Graph): React.JSX.Element {
    return (
      <>
        <Parameters
          parameters={graph.parameters}
          values={this._model.parameters}
          onChange={(name, text) => this._model.setParameter(name, text)}
          trans={this._trans}
        />
        <React.Suspense fallback={<div className="jp-mlops-picture" />}>
          <Picture
            graph={graph}
            states={this._model.last.steps}
            onOpen={name => this._openStep(name)}
            trans={this._trans}
          />
        </React.Suspense>
        <Steps
          graph={graph}
          onOpen={id => this._open(id)}
          trans={this._trans}
        />
      </>
    );
  }

  private _run(resume?: string): Promise<void> {
    return this._model.withFile(async path => {
      const { parameters } = this._model;
      const how = resume === undefined ? { parameters } : { resume };
      const { folder } = await this._client.execute(path, how);
      return this._trans.__('Started %1', folder);
    });
  }

  private async _sweep({ parameters }: Graph): Promise<void> {
    const wish = await askForSweep({ parameters, trans: this._trans });
    if (wish !== null) {
      await this._model.withFile(async path => {
        const { folder } = await this._client.sweep(path, wish);
        return this._trans.__('Started %1', folder);
      });
    }
  }

  private _cancel(run: string): Promise<void> {
    return this._model.withFile(async () => {
      await this._client.cancel(run);
      return this._trans.__('It is being stopped');
    });
  }

  private _debug(run: string): Promise<void> {
    return this._model.withFile(async () => {
      const { path, cell } = await this._client.debug(run);
      await this._actions.openAt(path, cell);
      return this._trans.__('Opened %1', path);
    });
  }

  private _export(): Promise<void> {
    return this._model.withFile(async path => {
      const { folder } = await this._client.export(path);
      return this._trans.__('Written to %1', folder);
    });
  }

  private async _schedule(): Promise<void> {
    const wish = await askForSchedule(this._trans);
    if (wish !== null) {
      await this._model.withFile(async path => {
        const { parameters } = this._model;
        const { name } = await this._client.schedule({
          path,
          parameters,
          ...wish
        });
        return this._trans.__('Scheduled as %1', name);
      });
    }
  }

  private _suggest(): void {
    const { panel } = this._model;
    if (panel !== null) {
      void suggestSteps({ panel, client: this._client, trans: this._trans });
    }
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
