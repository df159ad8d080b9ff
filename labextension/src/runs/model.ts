/** The runs that the panel shows: a query, the pages that came so far, and what is selected. */

import { ISignal, Signal } from '@lumino/signaling';

import { ApiError, Client } from '../api/client';
import { Run } from '../api/types';

const PAGE = 100;

/** How the runs can be sorted; the empty order is the newest first. */
export const ORDERS = ['', 'name', 'status', 'duration DESC'] as const;

/** What is wrong, and what to do. */
export interface Problem {
  message: string;
  hint: string;
}

/** The model of the list. A hidden list asks for nothing. */
export class RunsModel {
  constructor(private readonly _client: Client) {}

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

  get order(): string {
    return this._order;
  }

  /** Whether steps, candidates and other children are listed as well. */
  get withParts(): boolean {
    return this._withParts;
  }

  set withParts(withParts: boolean) {
    this._withParts = withParts;
    void this.refresh();
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

  /** Looks for other runs, or sorts them in another way. */
  async search(filter: string, order = this._order): Promise<void> {
    this._filter = filter;
    this._order = order;
    await this.refresh();
  }

  /** The server says that something has changed. Many such words become one question. */
  noteChange(): void {
    this._stale = true;
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
        order: this._order,
        after,
        limit,
        top: !this._withParts
      });
      if (question === this._question) {
        this._runs = after === '' ? page.runs : [...this._runs, ...page.runs];
        this._after = page.after;
        this._total = page.total ?? this._total;
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
  private _withParts = false;
  private _order = '';
  private _problem: Problem | null = null;
  private _loading = false;
  private _selection: ReadonlySet<string> = new Set<string>();
  private _deleted: readonly string[] = [];
  private _visible = false;
  private _stale = true;
  private _timer = 0;
  private _question = 0;
  private readonly _changed = new Signal<this, void>(this);
}

/** An error as the panel shows it. */
export function problemOf(error: unknown): Problem {
  return error instanceof ApiError
    ? { message: error.message, hint: error.hint }
    : {
        message: error instanceof Error ? error.message : String(error),
        hint: ''
      };
}
