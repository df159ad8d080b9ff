/** A page in the main area: it knows its address, loads what it shows when it is first seen, and sleeps while hidden. */

import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import { Message } from '@lumino/messaging';
import { ISignal, Signal } from '@lumino/signaling';
import * as React from 'react';

import { Surroundings } from './surroundings';

const Table = React.lazy(() => import('../table/page'));
const Run = React.lazy(() => import('../run/page'));
const Canvas = React.lazy(() => import('../canvas/page'));
const Comparison = React.lazy(() => import('../comparison/page'));
const Data = React.lazy(() => import('../dataset/page'));
const Model = React.lazy(() => import('../model/page'));
const Monitoring = React.lazy(() => import('../monitoring/page'));
const NewSweep = React.lazy(() => import('../sweep/form'));
const Schedule = React.lazy(() => import('../schedule/page'));
const Sweep = React.lazy(() => import('../sweep/page'));
const Together = React.lazy(() => import('../together/page'));

/** What a page shows. It is kept and given back when JupyterLab is loaded anew. */
export type Address =
  | { kind: 'table' }
  | { kind: 'run'; id: string; name: string }
  | { kind: 'canvas'; path: string }
  /** Several notebooks, which the file at `path` names. */
  | { kind: 'notebooks'; path: string }
  | { kind: 'comparison'; ids: readonly string[] }
  | {
      kind: 'model';
      name: string;
      /** The version whose card is shown; without one, the newest. */
      version?: number;
      /** Beside the champion. */
      compare?: boolean;
    }
  | {
      kind: 'schedule';
      /** Empty while a new one is written. */
      name: string;
      /** The notebook of a new one, and parameters that are set already. */
      path?: string;
      parameters?: Readonly<Record<string, string>>;
      /** The model on whose drift a new one is due. */
      drift?: string;
    }
  | { kind: 'monitoring'; name: string }
  | {
      kind: 'data';
      /** Empty for the list of all registered data. */
      name: string;
      /** The version that is shown; without one, the newest. */
      version?: number;
    }
  | { kind: 'sweep'; id: string; name: string }
  | { kind: 'new-sweep'; path: string };

/** What tells one page from another: the same page is opened once. */
export function keyOf(address: Address): string {
  switch (address.kind) {
    case 'table':
      return 'table';
    case 'run':
      return address.id;
    case 'canvas':
      return `canvas ${address.path}`;
    case 'notebooks':
      return `notebooks ${address.path}`;
    case 'comparison':
      return address.ids.join(' ');
    case 'model':
      return `model ${address.name}`;
    case 'schedule':
      return `schedule ${address.name || `of ${address.path}`}`;
    case 'monitoring':
      return `monitoring ${address.name}`;
    case 'data':
      return `data ${address.name}`;
    case 'sweep':
      return `sweep ${address.id}`;
    case 'new-sweep':
      return `sweep of ${address.path}`;
  }
}

function labelOf(address: Address, trans: TranslationBundle): string {
  switch (address.kind) {
    case 'table':
      return trans.__('Runs');
    case 'run':
      return address.name;
    case 'canvas':
      return trans.__('Pipeline: %1', PathExt.basename(address.path, '.ipynb'));
    case 'notebooks':
      return trans.__('Pipeline: %1', PathExt.basename(address.path));
    case 'comparison':
      return address.ids.length === 1
        ? trans.__('Compare Runs')
        : trans.__('Compare %1 Runs', address.ids.length);
    case 'model':
      return trans.__('Model: %1', address.name);
    case 'schedule':
      return address.name === ''
        ? trans.__('New Schedule')
        : trans.__('Schedule: %1', address.name);
    case 'monitoring':
      return trans.__('Monitoring: %1', address.name);
    case 'data':
      return address.name === ''
        ? trans.__('Data')
        : trans.__('Data: %1', address.name);
    case 'sweep':
      return address.name || trans.__('Sweep');
    case 'new-sweep':
      return trans.__('New Sweep');
  }
}

/** Whether a page is seen, and when that changes. */
export interface Sight {
  readonly isSeen: boolean;
  readonly seen: ISignal<unknown, boolean>;
}

/** The page. */
export class Page extends ReactWidget implements Sight {
  constructor(
    private _address: Address,
    private readonly _around: Surroundings
  ) {
    super();
    this.addClass('jp-mlops-page');
    this.title.closable = true;
    this.title.label = labelOf(_address, _around.trans);
  }

  get address(): Address {
    return this._address;
  }

  /** Shows another part of the same page. */
  go(address: Address): void {
    this._address = address;
    this.title.label = labelOf(address, this._around.trans);
    this.update();
  }

  get isSeen(): boolean {
    return this._isSeen;
  }

  get seen(): ISignal<this, boolean> {
    return this._seen;
  }

  protected override render(): React.JSX.Element {
    const wait = (
      <p className="jp-mlops-empty" role="status">
        {this._around.trans.__('Loading…')}
      </p>
    );
    return <React.Suspense fallback={wait}>{this._content()}</React.Suspense>;
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._see(true);
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._see(false);
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._see(this.isVisible);
  }

  private _content(): React.JSX.Element {
    const { address, _around: around } = this;
    const onTitle = (label: string): void => {
      this.title.label = label;
    };
    switch (address.kind) {
      case 'table':
        return <Table around={around} sight={this} />;
      case 'run':
        return (
          <Run around={around} sight={this} id={address.id} onTitle={onTitle} />
        );
      case 'canvas':
        return <Canvas around={around} sight={this} path={address.path} />;
      case 'notebooks':
        return <Together around={around} sight={this} path={address.path} />;
      case 'comparison':
        return (
          <Comparison
            around={around}
            ids={address.ids}
            onRuns={ids => this.go({ ...address, ids })}
          />
        );
      case 'model':
        return <Model around={around} sight={this} address={address} />;
      case 'schedule':
        return (
          <Schedule
            around={around}
            sight={this}
            address={address}
            onAddress={other => this.go(other)}
          />
        );
      case 'monitoring':
        return <Monitoring around={around} sight={this} address={address} />;
      case 'data':
        return <Data around={around} sight={this} address={address} />;
      case 'sweep':
        return (
          <Sweep
            around={around}
            sight={this}
            address={address}
            onTitle={onTitle}
          />
        );
      case 'new-sweep':
        return <NewSweep around={around} address={address} />;
    }
  }

  private _see(isSeen: boolean): void {
    if (isSeen !== this._isSeen) {
      this._isSeen = isSeen;
      this._seen.emit(isSeen);
    }
  }

  private _isSeen = false;
  private readonly _seen = new Signal<this, boolean>(this);
}
