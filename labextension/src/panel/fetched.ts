/** What a section shows and the server knows: fetched when it is seen, and anew when the store changes. */

import { ISignal, Signal } from '@lumino/signaling';

import { Problem, problemOf } from '../problems';
import { Soon } from '../soon';

/** A value of the server's. A hidden section asks for nothing. */
export class Fetched<T> {
  constructor(
    private readonly _fetch: () => Promise<T>,
    first: T
  ) {
    this._value = first;
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get value(): T {
    return this._value;
  }

  get problem(): Problem | null {
    return this._problem;
  }

  set isVisible(visible: boolean) {
    this._visible = visible;
    this.noteChange();
  }

  /** The store has changed: many changes at once are one. */
  noteChange(): void {
    if (this._visible) {
      this._soon.ask();
    }
  }

  /** Does something, and shows what has come of it; a problem stays until the next thing is done. */
  async do(call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
      this._value = await this._fetch();
      this._problem = null;
    } catch (error) {
      this._problem = problemOf(error);
    }
    this._changed.emit();
  }

  private _value: T;
  private _problem: Problem | null = null;
  private _visible = false;
  private readonly _soon = new Soon(() => this.do(() => Promise.resolve()));
  private readonly _changed = new Signal<this, void>(this);
}
