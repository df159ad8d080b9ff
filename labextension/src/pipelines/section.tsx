/** The pipeline of the notebook in front: its graph, what is wrong with it, and what can be done. */

import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import { ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';

import { Client } from '../api/client';
import { Graph, Last } from '../api/types';
import { Button, IconButton, Menu, ProblemBox, useHeight } from '../elements';
import { hasFailed } from '../runs/words';
import { applyChanges } from '../steps/retagging';
import { Checklist } from './checklist';
import { Replay, stepOf } from './replay';
import { Failure } from './failure';
import { Findings, Steps } from './findings';
import { LastRun } from './log';
import { PipelineModel, Told } from './model';
import { Parameters } from './parameters';

const Picture = React.lazy(() => import('./picture'));

/** What the section asks of its surroundings. */
export interface Actions {
  openRun(id: string): void;
  openExample(): void;
  /** Opens the page of a new sweep. */
  sweep(path: string): void;
  /** Opens the page of a new schedule. */
  schedule(path: string, parameters: Readonly<Record<string, string>>): void;
  /** Shows the pipeline in large. */
  openCanvas(): void;
  /** Puts the selected cells into a step. */
  tagCell(): void;
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

  /** How high its content is, in px. */
  get wanted(): number {
    return this._wanted;
  }

  /** Its content has become higher or lower. */
  get grown(): ISignal<this, void> {
    return this._grown;
  }

  protected override render(): React.JSX.Element {
    return (
      <Measured
        onHeight={height => {
          this._wanted = height;
          this._grown.emit();
        }}
      >
        <UseSignal signal={this._model.changed}>
          {() =>
            this._model.panel === null ? this._empty() : this._body(this._model)
          }
        </UseSignal>
      </Measured>
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
        {graph && graph.steps.length === 0 && this._untagged()}
        {last.run && hasFailed(last.run.status) && (
          <Failure
            last={last}
            run={last.run}
            onResume={run => void this.run(run)}
            onDebug={run => void this._debug(run)}
            onOpen={id => this._actions.openRun(id)}
            trans={this._trans}
          />
        )}
        {graph && graph.steps.length > 0 && this._pipeline(graph)}
        <Findings
          findings={graph && graph.steps.length > 0 ? graph.findings : []}
          onOpen={id => this._open(id)}
          trans={this._trans}
          onFix={fix => {
            const notebook = this._model.panel?.content;
            if (notebook) {
              applyChanges(notebook, fix.tags);
            }
          }}
        />
      </div>
    );
  }

  /** The way to a first pipeline, or what the notebook of one step is for. */
  private _untagged(): React.JSX.Element {
    const step = stepOf(this._model.panel?.model?.getMetadata('mlops_jlab'));
    return step === undefined ? (
      <Checklist
        onSuggest={() => void this._suggest()}
        onTag={() => this._actions.tagCell()}
        onExample={() => this._actions.openExample()}
        trans={this._trans}
      />
    ) : (
      <Replay step={step} trans={this._trans} />
    );
  }

  /** The run that is shown, with its log. */
  private _last(last: Last): React.JSX.Element {
    return (
      <LastRun
        last={last}
        client={this._client}
        onResume={run => void this.run(run)}
        onCancel={run => void this._cancel(run)}
        onOpen={id => this._actions.openRun(id)}
        trans={this._trans}
      />
    );
  }

  private _buttons(graph: Graph | null): React.JSX.Element {
    const trans = this._trans;
    const why = whyNot(graph, trans);
    return (
      <div className="jp-mlops-buttons">
        <Button
          icon="run"
          label={trans.__('Run')}
          title={why ?? trans.__('Run it headless, in the background')}
          disabled={why !== undefined}
          accept
          onClick={() => void this.run()}
        />
        <Button
          icon="check"
          label={trans.__('Check')}
          title={trans.__('Find what would fail, without running anything')}
          onClick={() => this.check()}
        />
        <span className="jp-mlops-gap" />
        <IconButton
          icon="full"
          label={trans.__('Open Pipeline Canvas')}
          disabled={graph === null || graph.steps.length === 0}
          onClick={() => this._actions.openCanvas()}
        />
        {this._more(graph, why)}
        <Said
          told={this._model.told}
          onOpen={id => this._actions.openRun(id)}
          trans={trans}
        />
      </div>
    );
  }

  private _more(graph: Graph | null, why?: string): React.JSX.Element {
    const trans = this._trans;
    const noParameters =
      why ??
      (graph?.parameters.length === 0
        ? trans.__('The notebook declares no parameters')
        : undefined);
    return (
      <Menu
        bare
        label={trans.__('More')}
        entries={[
          {
            label: trans.__('Sweep…'),
            disabled: noParameters,
            act: () => void this.sweep()
          },
          {
            label: trans.__('Schedule…'),
            disabled: why,
            act: () => void this.schedule()
          },
          {
            label: trans.__('Export'),
            disabled: why,
            act: () => void this._export()
          },
          {
            label: trans.__('Suggest Steps…'),
            act: () => void this._suggest()
          }
        ]}
      />
    );
  }

  private _pipeline(graph: Graph): React.JSX.Element {
    return (
      <>
        <React.Suspense fallback={<div className="jp-mlops-picture" />}>
          <Picture
            graph={graph}
            states={this._model.last.steps}
            onOpen={name => this._openStep(name)}
            trans={this._trans}
          />
        </React.Suspense>
        {this._last(this._model.last)}
        <Parameters
          parameters={graph.parameters}
          values={this._model.parameters}
          onChange={(name, text) => this._model.setParameter(name, text)}
          trans={this._trans}
        />
        <Steps
          graph={graph}
          onOpen={id => this._open(id)}
          trans={this._trans}
        />
      </>
    );
  }

  /** Runs the pipeline, or goes on from the step that failed. */
  run(resume?: string): Promise<void> {
    return this._model.withFile(async path => {
      const { parameters } = this._model;
      const how = resume === undefined ? { parameters } : { resume };
      const { run, name } = await this._client.execute(path, how);
      this._model.follow(path, run);
      return { text: this._trans.__('Started %1', name), run };
    });
  }

  /** Opens the page of a new sweep. */
  sweep(): Promise<void> {
    return this._model.withFile(path => {
      this._actions.sweep(path);
      return Promise.resolve({ text: '' });
    });
  }

  /** Finds what would fail. */
  check(): void {
    this._model.check(this._trans);
  }

  private _cancel(run: string): Promise<void> {
    return this._model.withFile(async () => {
      await this._client.cancel(run);
      return { text: this._trans.__('It is being stopped'), run };
    });
  }

  private _debug(run: string): Promise<void> {
    return this._model.withFile(async () => {
      const { path, cell } = await this._client.debug(run);
      await this._actions.openAt(path, cell);
      return { text: this._trans.__('Opened %1', path) };
    });
  }

  private _export(): Promise<void> {
    return this._model.withFile(async path => {
      const { folder } = await this._client.export(path);
      return { text: this._trans.__('Written to %1', folder) };
    });
  }

  /** Opens the page of a new schedule. */
  schedule(): Promise<void> {
    return this._model.withFile(path => {
      this._actions.schedule(path, this._model.parameters);
      return Promise.resolve({ text: '' });
    });
  }

  private async _suggest(): Promise<void> {
    const { panel } = this._model;
    if (panel !== null) {
      const { suggestSteps } = await import('./suggestion');
      await suggestSteps({ panel, client: this._client, trans: this._trans });
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

  private _wanted = 0;
  private readonly _grown = new Signal<this, void>(this);
}

/** What tells how high its content is. */
function Measured(props: {
  onHeight: (height: number) => void;
  children: React.ReactNode;
}): React.JSX.Element {
  const host = useHeight<HTMLDivElement>(props.onHeight);
  return <div ref={host}>{props.children}</div>;
}

/** Why a pipeline cannot be run; nothing: it can. */
function whyNot(
  graph: Graph | null,
  trans: TranslationBundle
): string | undefined {
  if (graph === null || graph.steps.length === 0) {
    return trans.__('No cell is in a step yet');
  }
  return graph.findings.some(found => found.severity === 'error')
    ? trans.__('The errors below come first')
    : undefined;
}

/** What happened last, with the way to the run that it is about. */
function Said(props: {
  told: Told;
  onOpen: (id: string) => void;
  trans: TranslationBundle;
}): React.JSX.Element {
  const { text, run } = props.told;
  return (
    <>
      <span role="status">{text}</span>
      {run && (
        <button className="jp-mlops-link" onClick={() => props.onOpen(run)}>
          {props.trans.__('Show it')}
        </button>
      )}
    </>
  );
}
