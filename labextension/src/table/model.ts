/** The table of runs: a view, the pages that came so far, what is unfolded, what is selected. */

import { Poll } from '@lumino/polling';
import { ISignal, Signal } from '@lumino/signaling';

import { Client } from '../api/client';
import { Run } from '../api/types';
import { Problem, problemOf } from '../problems';
import { Marked } from '../runs/marked';
import { inShort } from '../runs/short';
import { isOpen } from '../runs/words';
import { Soon } from '../soon';
import { Entry, entriesOf } from './entries';
import { filterOf, isNumber, numbersOf, orderOf, telling, View } from './query';

const PAGE = 100;
const MOST = 500; // runs that one question may ask for

/** The model. While the page is hidden it asks for nothing. */
export class TableModel {
  constructor(
    private readonly _client: Client,
    readonly marked: Marked,
    view: View,
    private readonly _keep: (view: View) => void
  ) {
    this._view = view;
    marked.changed.connect(this._noteMarks, this);
    this._live = new Poll({
      auto: false,
      factory: () => this.refresh(),
      frequency: { interval: 5_000, backoff: true, max: 60_000 },
      name: 'mlops-jlab:table',
      standby: () =>
        this._visible && this._runs.some(run => isOpen(run.status))
          ? 'when-hidden'
          : true
    });
    void this._live.start();
  }

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get view(): View {
    return this._view;
  }

  get entries(): readonly Entry[] {
    return this._entries;
  }

  get runs(): readonly Run[] {
    return this._runs;
  }

  /** How many runs the query finds in all. */
  get total(): number {
    return this._total;
  }

  get problem(): Problem | null {
    return this._problem;
  }

  get isLoading(): boolean {
    return this._loading;
  }

  /** Whether the rows are still those of what was asked for before. */
  get isOutdated(): boolean {
    return this._answered !== this._wish;
  }

  /** Whether there are runs of monitoring, which the table leaves out at first. */
  get isMonitored(): boolean {
    return this._monitored;
  }

  get isWritable(): boolean {
    return this._writable;
  }

  get hasMore(): boolean {
    return this._after !== '';
  }

  get selection(): ReadonlySet<string> {
    return this._selection;
  }

  /** The place of the row that keys act on. */
  get active(): number {
    return Math.min(this._active, Math.max(this._entries.length - 1, 0));
  }

  /** Whether all that a column holds are numbers, which stand below one another then. */
  isNumber(column: string): boolean {
    return isNumber(column) || this._numbers.has(column);
  }

  /** The columns as shown: those chosen, else those that say most. */
  get columns(): readonly string[] {
    return this._view.columns.length > 0 ? this._view.columns : this._telling;
  }

  set isVisible(visible: boolean) {
    this._visible = visible;
    if (visible && this._stale) {
      void this.refresh();
    }
  }

  /** The store has changed. */
  noteChange(): void {
    this._stale = true;
    if (this._visible) {
      this._soon.ask();
    }
  }

  /** Shows the table in another way. */
  show(change: Partial<View>): void {
    this._view = { ...this._view, ...change };
    this._keep(this._view);
    const asks: (keyof View)[] = ['search', 'conditions', 'groups', 'sorting'];
    const isAsked = asks.some(key => key in change);
    if (isAsked) {
      this._wish += 1;
      this._active = 0;
    }
    this._redraw();
    if (isAsked) {
      this._soon.ask();
    }
  }

  /** Adds a condition if the server understands it. */
  async addCondition(condition: string): Promise<boolean> {
    try {
      await this._client.runs({
        ...this._query(''),
        filter: condition,
        limit: 1
      });
    } catch (error) {
      this._problem = problemOf(error);
      this._runs = [];
      this._total = 0;
      this._after = '';
      this._redraw();
      return false;
    }
    this.show({
      conditions: [...this._view.conditions, condition],
      search: ''
    });
    return true;
  }

  /** The columns and fields that the store knows, by their beginning. */
  async names(): Promise<readonly string[]> {
    return (await this._client.names('', 5_000)).names;
  }

  /** Asks anew, and once more if another view was asked for meanwhile: a throttler does not hear that. */
  async refresh(): Promise<void> {
    let wish: number;
    do {
      wish = this._wish;
      this._stale = false;
      await this._load('', Math.min(Math.max(this._runs.length, PAGE), MOST));
    } while (wish !== this._wish);
  }

  async more(): Promise<void> {
    if (this._after !== '' && !this._loading) {
      await this._load(this._after, PAGE);
    }
  }

  /** Folds or unfolds a group or the parts of a run. */
  fold(entry: Entry): void {
    const { key } = entry;
    const folded = new Set(this._toggled);
    if (!folded.delete(key)) {
      folded.add(key);
    }
    this._toggled = folded;
    if (entry.kind === 'run' && folded.has(key)) {
      void this._loadParts(entry.run.id);
    }
    this._redraw();
  }

  /** Makes a row the active one. With `extend`, selects from the one that was. */
  go(place: number, extend = false): void {
    const next = Math.max(0, Math.min(place, this._entries.length - 1));
    if (extend) {
      const [from, to] = [this.active, next].sort((a, b) => a - b);
      const between = this._entries.slice(from, (to ?? 0) + 1);
      this._selection = new Set([
        ...this._selection,
        ...between.flatMap(entry =>
          entry.kind === 'run' ? [entry.run.id] : []
        )
      ]);
    }
    this._active = next;
    this._changed.emit();
  }

  /** Selects a run; `only`: and no other. */
  select(id: string, only: boolean): void {
    const chosen = new Set(only ? [] : this._selection);
    if (!only && this._selection.has(id)) {
      chosen.delete(id);
    } else {
      chosen.add(id);
    }
    this._selection = chosen;
    this._changed.emit();
  }

  /** Selects all that came so far, or nothing. */
  selectAll(all: boolean): void {
    this._selection = new Set(all ? this._runs.map(run => run.id) : []);
    this._changed.emit();
  }

  /** Gives the selected runs tags, or takes those whose value is null. */
  async tag(tags: Readonly<Record<string, string | null>>): Promise<void> {
    await this._try(async () => {
      for (const id of this._selection) {
        await this._client.edit(id, { tags });
      }
    });
    await this.refresh();
  }

  /** Hides the selected runs until they are restored. */
  async delete(): Promise<void> {
    await this._try(async () => {
      this._deleted = (await this._client.delete([...this._selection])).ids;
      this._selection = new Set();
    });
    await this.refresh();
  }

  get deleted(): readonly string[] {
    return this._deleted;
  }

  async restore(): Promise<void> {
    await this._try(async () => {
      await this._client.restore(this._deleted);
      this._deleted = [];
    });
    await this.refresh();
  }

  dispose(): void {
    this._live.dispose();
    this._soon.dispose();
    Signal.clearData(this);
  }

  private _query(after: string): Parameters<Client['runs']>[0] {
    return {
      filter: filterOf(this._view.conditions),
      search: this._view.search,
      order: orderOf(this._view),
      after,
      limit: PAGE,
      top: true
    };
  }

  private async _load(after: string, limit: number): Promise<void> {
    const question = ++this._question;
    const wish = this._wish; // it may change while this one is answered
    this._loading = true;
    this._changed.emit();
    try {
      const page = await this._client.runs({ ...this._query(after), limit });
      if (question !== this._question) {
        return;
      }
      this._runs = after === '' ? page.runs : [...this._runs, ...page.runs];
      this._after = page.after;
      this._total = page.total ?? this._total;
      this._writable = page.writable;
      this._monitored = page.monitored ?? this._monitored;
      this._problem = null;
    } catch (error) {
      if (question === this._question) {
        this._problem = problemOf(error);
        this._runs = [];
        this._total = 0;
        this._after = '';
      }
    }
    if (question === this._question) {
      this._loading = false;
      this._answered = wish;
      this._telling = telling(this._runs);
      this._numbers = numbersOf(this._runs);
      this._redraw();
      await this._loadMissing();
    }
  }

  private _noteMarks(): void {
    this._redraw();
    void this._loadPinned();
  }

  /** The baseline stands first though it be on no page. */
  private async _loadPinned(): Promise<void> {
    const { baseline } = this.marked;
    if (baseline === '' || this._wanted === baseline) {
      return;
    }
    this._wanted = baseline;
    try {
      this._pinned = inShort(await this._client.run(baseline));
    } catch {
      this._pinned = null; // it is gone: the table does without
    }
    this._redraw();
  }

  /** Parts are fetched again with their run. */
  private async _loadMissing(): Promise<void> {
    await this._loadPinned();
    const unfolded = this._runs.filter(run => this._toggled.has(run.id));
    await Promise.all(unfolded.map(run => this._loadParts(run.id)));
    this._redraw();
  }

  private async _loadParts(id: string): Promise<void> {
    await this._try(async () => {
      this._parts.set(id, (await this._client.run(id)).children);
    });
    this._redraw();
  }

  private async _try(call: () => Promise<void>): Promise<void> {
    try {
      await call();
    } catch (error) {
      this._problem = problemOf(error);
    }
  }

  private _redraw(): void {
    const { baseline } = this.marked;
    const pinned =
      this._runs.find(run => run.id === baseline) ??
      (this._pinned?.id === baseline ? this._pinned : null);
    this._entries = entriesOf({
      runs: this._runs,
      pinned,
      groups: this._view.groups,
      toggled: this._toggled,
      parts: this._parts
    });
    this._changed.emit();
  }

  private _view: View;
  private _runs: readonly Run[] = [];
  private _entries: readonly Entry[] = [];
  private _telling: readonly string[] = telling([]);
  private _numbers: ReadonlySet<string> = new Set();
  private _pinned: Run | null = null;
  private _wanted = '';
  private _total = 0;
  private _monitored = false;
  private _after = '';
  private _problem: Problem | null = null;
  private _loading = false;
  private _writable = true;
  private _visible = false;
  private _stale = true;
  private _question = 0;
  private _wish = 0; // counts what was asked for
  private _answered = 0;
  private _active = 0;
  private _deleted: readonly string[] = [];
  private _selection: ReadonlySet<string> = new Set();
  private _toggled: ReadonlySet<string> = new Set();
  private readonly _parts = new Map<string, readonly Run[]>();
  private readonly _live: Poll;
  private readonly _soon = new Soon(() => this.refresh());
  private readonly _changed = new Signal<this, void>(this);
}
