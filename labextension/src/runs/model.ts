/** The last runs, as the panel shows them: what is looked for, the pages that came so far, what is selected. */

import { ISignal, Signal } from '@lumino/signaling';

import { Client } from '../api/client';
import { Run } from '../api/types';
import { Problem, problemOf } from '../problems';
import { Soon } from '../soon';
import { isCondition, NO_MONITORING } from './condition';

const PAGE = 100;

/** What of a run is edited in its row. */
export interface Editing {
  id: string;
  what: 'note' | 'tags';
}

/** The model of the list. A hidden list asks for nothing. */
export class RunsModel {
  constructor(private readonly _client: Client) {}

  /** The store has changed, whether the list is seen or not. */
  get noticed(): ISignal<this, void> {
    return this._noticed;
  }

  /** Something to draw has changed. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get runs(): readonly Run[] {
    return this._runs;
  }

  get total(): number {
    return this._total;
  }

  /** What is looked for: words, or a condition of the filter language. */
  get wanted(): string {
    return this._wanted;
  }

  /** Whether the store can be changed from here. */
  get isWritable(): boolean {
    return this._writable;
  }

  /** The selected runs, of those that were loaded. */
  get chosen(): readonly Run[] {
    return this._runs.filter(run => this._selection.has(run.id));
  }

  get problem(): Problem | null {
    return this._problem;
  }

  get isLoading(): boolean {
    return this._loading;
  }

  /** Whether the server has answered once: before, nobody knows whether there are runs. */
  get isKnown(): boolean {
    return this._known;
  }

  get selection(): ReadonlySet<string> {
    return this._selection;
  }

  /** Runs that were deleted last, to be taken back. */
  get deleted(): readonly string[] {
    return this._deleted;
  }

  get isVisible(): boolean {
    return this._visible;
  }

  set isVisible(visible: boolean) {
    this._visible = visible;
    if (visible && this._stale) {
      void this.refresh();
    }
  }

  /** Looks for other runs. */
  async search(wanted: string): Promise<void> {
    this._wanted = wanted.trim();
    await this.refresh();
  }

  /** Names to complete a filter with. */
  names(prefix: string): Promise<readonly string[]> {
    return this._client.names(prefix).then(
      found => found.names,
      () => []
    );
  }

  /** Changes the note or the tags of a run. */
  async edit(
    id: string,
    change: { note?: string; tags?: Record<string, string | null> }
  ): Promise<void> {
    await this._try(async () => {
      const edited = await this._client.edit(id, change);
      this._runs = this._runs.map(run =>
        run.id === id ? { ...run, ...edited } : run
      );
    });
    this._changed.emit();
  }

  /** What is edited just now. */
  get editing(): Editing | null {
    return this._editing;
  }

  startEditing(editing: Editing | null): void {
    this._editing = this._writable ? editing : null;
    this._changed.emit();
  }

  /** Selects a run unless it is among the selected ones: a menu opens on it. */
  point(id: string): void {
    if (!this._selection.has(id)) {
      this.toggle(id, true);
    }
  }

  /** The server says that something has changed. Many such words become one question. */
  noteChange(): void {
    this._stale = true;
    this._noticed.emit();
    if (this._visible) {
      this._soon.ask();
    }
  }

  /** Asks again for as many runs as are shown. */
  async refresh(): Promise<void> {
    this._stale = false;
    const wanted = Math.min(Math.max(this._runs.length, PAGE), 500);
    await this._load('', wanted);
  }

  /** The next page, when the user has scrolled to the end. */
  async more(): Promise<void> {
    if (this._after !== '' && !this._loading) {
      await this._load(this._after, PAGE);
    }
  }

  toggle(id: string, only: boolean): void {
    const chosen = new Set(only ? [] : this._selection);
    if (this._selection.has(id) && !only) {
      chosen.delete(id);
    } else {
      chosen.add(id);
    }
    this._selection = chosen;
    this._changed.emit();
  }

  async delete(): Promise<void> {
    await this._try(async () => {
      this._deleted = (await this._client.delete([...this._selection])).ids;
      this._selection = new Set();
    });
    await this.refresh();
  }

  async restore(): Promise<void> {
    await this._try(async () => {
      await this._client.restore(this._deleted);
      this._deleted = [];
    });
    await this.refresh();
  }

  private async _load(after: string, limit: number): Promise<void> {
    const question = ++this._question;
    this._loading = true;
    this._changed.emit();
    await this._try(async () => {
      const page = await this._client.runs({
        ...(isCondition(this._wanted)
          ? { filter: this._wanted }
          : {
              filter: this._wanted === '' ? NO_MONITORING : '',
              search: this._wanted
            }),
        order: [],
        after,
        limit,
        top: true
      });
      if (question === this._question) {
        this._runs = after === '' ? page.runs : [...this._runs, ...page.runs];
        this._after = page.after;
        this._total = page.total ?? this._total;
        this._writable = page.writable;
        this._known = true;
      }
    });
    if (question === this._question) {
      this._loading = false;
      this._changed.emit();
    }
  }

  private async _try(call: () => Promise<void>): Promise<void> {
    try {
      await call();
      this._problem = null;
    } catch (error) {
      this._problem = problemOf(error);
    }
  }

  private _runs: Run[] = [];
  private _total = 0;
  private _after = '';
  private _wanted = '';
  private _writable = true;
  private _editing: Editing | null = null;
  private _problem: Problem | null = null;
  private _loading = false;
  private _known = false;
  private _selection: ReadonlySet<string> = new Set<string>();
  private _deleted: readonly string[] = [];
  private _visible = false;
  private _stale = true;
  private readonly _soon = new Soon(() => this.refresh());
  private _question = 0;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _noticed = new Signal<this, void>(this);
}
