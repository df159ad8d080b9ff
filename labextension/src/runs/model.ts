/** The runs that the panel shows: a query, the pages that came so far, and what is selected. */

import { ISignal, Signal } from '@lumino/signaling';

import { Client } from '../api/client';
import { Run } from '../api/types';
import { Problem, problemOf } from '../problems';

const PAGE = 100;

/** How the runs can be sorted; the empty order is the newest first. */
export const ORDERS = ['', 'name', 'status', 'duration DESC'] as const;

/** What runs can be gathered by: nothing, their notebook, or their pipeline and experiment. */
export const GROUPS = ['', 'source', 'pipeline', 'experiment'] as const;

/** What the server sorts by so that the runs of a group come together. */
const SORTED_BY = {
  '': '',
  source: 'source',
  pipeline: 'tags.pipeline',
  experiment: 'experiment'
};

/** How the user likes the list; kept from one session to the next. */
export interface Likes {
  columns: readonly string[];
  order: string;
  group: (typeof GROUPS)[number];
  withParts: boolean;
}

const USUAL: Likes = { columns: [], order: '', group: '', withParts: false };

/** What of a run is edited in its row. */
export interface Editing {
  id: string;
  what: 'note' | 'tags';
}

/** The model of the list. A hidden list asks for nothing. */
export class RunsModel {
  constructor(
    private readonly _client: Client,
    private readonly _keep: (likes: Likes) => void = () => undefined
  ) {}

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

  get filter(): string {
    return this._filter;
  }

  /** How the list is shown. */
  get likes(): Likes {
    return this._likes;
  }

  /** Shows the list in another way, and remembers it. */
  like(change: Partial<Likes>): void {
    this._likes = { ...this._likes, ...change };
    this._keep(this._likes);
    this._changed.emit();
    if (Object.keys(change).some(key => key !== 'columns')) {
      void this.refresh();
    }
  }

  /** What was remembered; anything but likes is left out. */
  restoreLikes(kept: unknown): void {
    const found = (kept ?? {}) as Partial<Likes>;
    this._likes = {
      columns: Array.isArray(found.columns)
        ? found.columns.filter(column => typeof column === 'string')
        : USUAL.columns,
      order: typeof found.order === 'string' ? found.order : USUAL.order,
      group: GROUPS.find(group => group === found.group) ?? USUAL.group,
      withParts: found.withParts === true
    };
    this._changed.emit();
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
  async search(filter: string): Promise<void> {
    this._filter = filter;
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
    if (this._visible && this._timer === 0) {
      this._timer = window.setTimeout(() => {
        this._timer = 0;
        void this.refresh();
      }, 150);
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
        filter: this._filter,
        order: [SORTED_BY[this._likes.group], this._likes.order].filter(
          Boolean
        ),
        after,
        limit,
        top: !this._likes.withParts
      });
      if (question === this._question) {
        this._runs = after === '' ? page.runs : [...this._runs, ...page.runs];
        this._after = page.after;
        this._total = page.total ?? this._total;
        this._writable = page.writable;
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
  private _filter = '';
  private _likes = USUAL;
  private _writable = true;
  private _editing: Editing | null = null;
  private _problem: Problem | null = null;
  private _loading = false;
  private _selection: ReadonlySet<string> = new Set<string>();
  private _deleted: readonly string[] = [];
  private _visible = false;
  private _stale = true;
  private _timer = 0;
  private _question = 0;
  private readonly _changed = new Signal<this, void>(this);
  private readonly _noticed = new Signal<this, void>(this);
}
