/** Views of the table that were given a name, and the one that is shown; kept from one session to the next. */

import { InputDialog } from '@jupyterlab/apputils';
import { IStateDB } from '@jupyterlab/statedb';
import { TranslationBundle } from '@jupyterlab/translation';

import { without } from '../records';
import { readView, USUAL, View } from './query';

const KEY = 'mlops-jlab:views';

/** The views. Without a store they last as long as the page. */
export class Views {
  constructor(private readonly _state: IStateDB | null) {}

  /** Reads what was kept. */
  async load(): Promise<void> {
    const found = ((await this._state?.fetch(KEY)) ?? {}) as {
      kept?: object;
      shown?: unknown;
    };
    this._kept = Object.fromEntries(
      Object.entries(found.kept ?? {}).map(([name, view]) => [
        name,
        readView(view)
      ])
    );
    this._shown = readView(found.shown);
  }

  get kept(): Readonly<Record<string, View>> {
    return this._kept;
  }

  /** The view that was shown last. */
  get shown(): View {
    return this._shown;
  }

  get usual(): View {
    return USUAL;
  }

  /** Remembers what is shown. */
  show(view: View): void {
    this._shown = view;
    this._write();
  }

  /** Asks for a name and keeps the view under it. */
  async save(view: View, trans: TranslationBundle): Promise<void> {
    const { value } = await InputDialog.getText({
      title: trans.__('Save View'),
      label: trans.__('Name')
    });
    if (value) {
      this._kept = { ...this._kept, [value]: view };
      this._write();
    }
  }

  forget(name: string): void {
    this._kept = without(this._kept, name);
    this._write();
  }

  private _write(): void {
    const plain = JSON.parse(
      JSON.stringify({ kept: this._kept, shown: this._shown })
    ) as never;
    void this._state?.save(KEY, plain);
  }

  private _kept: Readonly<Record<string, View>> = {};
  private _shown: View = USUAL;
}
