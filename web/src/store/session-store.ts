/**
 * The page's copy of the session: fed by the connection, read by the views.
 *
 * What arrives is folded and shown at the pace of the screen (`frames.ts`), the first without a wait:
 * between two frames records gather and are folded in one go. `current` runs ahead of
 * `getSnapshot()`, so that React always sees one consistent value.
 * A subscriber names what it looks at, by a selector, and wakes only when that changed: text
 * appended to one output wakes the view of that output and nobody else.
 *
 * Nothing here speaks to a socket or to React (`use-session.ts` does).
 */

import { foldRecords } from "../core/fold";
import { type CellHead, optimistic, type PendingOperation } from "../core/pending";
import { executionOf } from "../core/selectors";
import type { Execution, Record, SessionState } from "../protocol/generated";
import { type NextFrame, type NextTask, nextFrame, nextTask, Paced } from "./frames";
import { EMPTY_SESSION, type Session } from "./session";

export type Selector<T> = (session: Session) => T;
export type Unsubscribe = () => void;

/** What the floors above may set directly; state, pending and cells have methods of their own. */
export type SessionChange = Partial<Omit<Session, "state" | "confirmed" | "pending" | "cells">>;

interface Watcher {
  readonly wakeIfChanged: (shown: Session) => void;
}

export class SessionStore {
  #current: Session = EMPTY_SESSION;
  #shown: Session = EMPTY_SESSION;
  #isStale = false; // `state` has to be made again of `confirmed` and `pending`
  #unfolded: Record[] = [];
  #isGathering = false;
  readonly #watchers = new Set<Watcher>();
  readonly #paced: Paced;

  constructor(frame: NextFrame = nextFrame, task: NextTask = nextTask) {
    this.#paced = new Paced(() => this.#show(), frame, task);
  }

  // ── reading ────────────────────────────────────────────────────────────────

  /** What the page shows. Changes only with a notification. */
  getSnapshot = (): Session => this.#shown;

  /** What is known now, up to a frame ahead of what is shown. */
  get current(): Session {
    return this.#settled();
  }

  /** Calls `listener` after every change of what is shown. */
  subscribe = (listener: () => void): Unsubscribe => this.#watch({ wakeIfChanged: listener });

  /** Calls `listener` after a change of `selector`'s value (compared by identity). */
  subscribeTo<T>(selector: Selector<T>, listener: (value: T) => void): Unsubscribe {
    let last = selector(this.#shown);
    return this.#watch({
      wakeIfChanged: (shown) => {
        const value = selector(shown);
        if (Object.is(value, last)) return;
        last = value;
        listener(value);
      },
    });
  }

  /** Calls `listener` when the cell's execution or its outputs changed. */
  subscribeToCell(cellId: string, listener: (execution: Execution | null) => void): Unsubscribe {
    return this.subscribeTo((session) => executionOf(session.state, cellId), listener);
  }

  // ── writing ────────────────────────────────────────────────────────────────

  /** Begin anew from a snapshot. */
  reset(state: SessionState): void {
    this.#unfolded = [];
    this.#change({ confirmed: state, isLoaded: true });
  }

  /** Take consecutive records that follow what is there. */
  fold(records: readonly Record[]): void {
    for (const record of records) this.#unfolded.push(record);
    this.#request();
  }

  addPending(operation: PendingOperation): void {
    this.#change({ pending: [...this.#current.pending, operation] });
    this.#paced.request(); // a person did it
  }

  dropPending(operationId: string): void {
    const { pending } = this.#current;
    const left = pending.filter((each) => each.operation_id !== operationId);
    if (left.length < pending.length) this.#change({ pending: left });
  }

  setCells(cells: readonly CellHead[]): void {
    this.#change({ cells });
    if (!this.#isGathering) this.#paced.request(); // who made a cell goes on in it
  }

  set(change: SessionChange): void {
    const known: { readonly [key: string]: unknown } = { ...this.#current };
    const isNews = Object.entries(change).some(([key, value]) => !Object.is(value, known[key]));
    if (isNews) this.#change(change);
  }

  /** Runs `changes`, which are shown together. */
  together(changes: () => void): void {
    this.#isGathering = true;
    try {
      changes();
    } finally {
      this.#isGathering = false;
      this.#request();
    }
  }

  /** Show what is known now, without waiting for the frame. */
  showNow(): void {
    this.#paced.stop();
    this.#show();
  }

  close(): void {
    this.#paced.stop();
    this.#watchers.clear();
  }

  // ── inside ─────────────────────────────────────────────────────────────────

  #watch(watcher: Watcher): Unsubscribe {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  #change(change: Partial<Session>): void {
    this.#current = { ...this.#current, ...change };
    this.#isStale ||= "confirmed" in change || "pending" in change || "cells" in change;
    this.#request();
  }

  #request(): void {
    if (!this.#isGathering) this.#paced.requestSoon();
  }

  #settled(): Session {
    if (this.#unfolded.length > 0) this.#foldAll();
    if (this.#isStale) {
      const { confirmed, pending, cells } = this.#current;
      this.#isStale = false;
      this.#current = { ...this.#current, state: optimistic(confirmed, pending, cells) };
    }
    return this.#current;
  }

  #foldAll(): void {
    const records = this.#unfolded;
    this.#unfolded = [];
    const { confirmed, pending } = this.#current;
    const recorded = new Set(records.map((record) => record.operation_id));
    const left = pending.filter((each) => !recorded.has(each.operation_id));
    this.#current = {
      ...this.#current,
      confirmed: foldRecords(confirmed, records),
      pending: left.length === pending.length ? pending : left,
    };
    this.#isStale = true;
  }

  #show(): void {
    const next = this.#settled();
    if (next === this.#shown) return;
    this.#shown = next;
    for (const watcher of this.#watchers) watcher.wakeIfChanged(next);
  }
}
