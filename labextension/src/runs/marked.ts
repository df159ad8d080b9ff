/** Which runs are drawn in charts, in which colour, and which one is the baseline: the same on every page. */

import { ISignal, Signal } from '@lumino/signaling';

/** How many hues can be told apart; the runs after them get the same ones, dashed. */
export const HUES = 7;

/** The runs that have an eye, and the baseline. */
export class Marked {
  constructor(
    private readonly _keep: (kept: object) => void = () => undefined
  ) {}

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** The ids of the runs that are drawn, in the order of their places. */
  get drawn(): readonly string[] {
    return [...this._places].sort((a, b) => a[1] - b[1]).map(([id]) => id);
  }

  /** The id of the run that others are measured by, or nothing. */
  get baseline(): string {
    return this._baseline;
  }

  /** The place of a run among those drawn, from 0; -1: it is not drawn. */
  placeOf(id: string): number {
    return this._places.get(id) ?? -1;
  }

  /** Gives a run an eye, or takes it. A run keeps its colour while it has one. */
  toggle(id: string): void {
    if (!this._places.delete(id)) {
      this._add(id);
    }
    this._note();
  }

  /** Makes a run the baseline, or, if it is it, nothing. */
  pin(id: string): void {
    this._baseline = this._baseline === id ? '' : id;
    if (this._baseline !== '' && !this._places.has(id)) {
      this._add(id);
    }
    this._note();
  }

  /** Gives some runs an eye where nobody has chosen any, ever; it is not kept. */
  suggest(ids: readonly string[]): void {
    if (this._isFresh && this._places.size === 0 && ids.length > 0) {
      ids.forEach(id => this._add(id));
      this._changed.emit();
    }
  }

  /** What was kept; anything else is left out. */
  restore(kept: unknown): void {
    this._isFresh = kept === undefined || kept === null;
    const { drawn, baseline } = (kept ?? {}) as Record<string, unknown>;
    if (Array.isArray(drawn)) {
      drawn.filter(id => typeof id === 'string').forEach(id => this._add(id));
    }
    this._baseline = typeof baseline === 'string' ? baseline : '';
    this._changed.emit();
  }

  private _add(id: string): void {
    const taken = new Set(this._places.values());
    let place = 0;
    while (taken.has(place)) {
      place += 1;
    }
    this._places.set(id, place);
  }

  private _note(): void {
    this._isFresh = false;
    this._keep({ drawn: [...this.drawn], baseline: this._baseline });
    this._changed.emit();
  }

  private readonly _places = new Map<string, number>();
  private _baseline = '';
  private _isFresh = false; // it is known that nothing was ever kept
  private readonly _changed = new Signal<this, void>(this);
}

/** The custom property with the colour of the run at a place. */
export function hueAt(place: number): string {
  return `--jp-mlops-c${(place % HUES) + 1}`;
}
