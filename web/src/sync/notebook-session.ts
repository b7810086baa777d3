/**
 * One open notebook, for the views: its store, its document, and what can be asked of it.
 *
 * Joins three that do not know each other: the connection (sockets, sequence, operations), the
 * store (state, what is shown) and the document (sources). Document updates go before the
 * operation that relies on them, on the one socket (SYNC-18).
 */

import * as Y from "yjs";
import { messageOf } from "../core/message-of";
import type {
  CloseComm,
  CommClosed,
  CommHandled,
  CommMessaged,
  CommOpened,
  DebuggerReported,
  OpenComm,
  Operation,
  Record,
  Request,
  SendComm,
  Snapshot,
} from "../protocol/generated";
import type { ConflictCopy, Connection, Notice } from "../store/session";
import { SessionStore } from "../store/session-store";
import { browserTransport } from "./best-transport";
import { cellsIn, headsOf } from "./cells";
import { NotebookDocument } from "./document";
import { newId } from "./new-id";
import { pageSurroundings, type Surroundings } from "./reconnect";
import { Server } from "./server";
import { type Outcome, SessionConnection } from "./session-connection";
import type { Address, Transport } from "./socket";
import { BrowserEdits, type KeptState, MemoryEdits, type UnsentEdits } from "./unsent-edits";

export interface OpenOptions {
  readonly server?: Server;
  readonly transport?: Transport;
  readonly world?: Surroundings;
  readonly edits?: UnsentEdits;
  readonly store?: SessionStore;
}

export type CommEvent = CommOpened | CommMessaged | CommClosed | CommHandled;

/** Hears of comms as the log tells of them, after the store has folded it. */
export interface CommListener {
  happened(event: CommEvent): void;
  /** The state was given whole: what happened before is not told one by one. */
  restored(): void;
  /** The kernel of all comms ended, or another one is begun. */
  kernelGone(): void;
}

/** Hears what the kernel's debugger says unasked; null: the state was given whole. */
export type DebugListener = (event: DebugEvent | null) => void;

/** An event of the debug adapter protocol. */
export interface DebugEvent {
  readonly event: string;
  readonly body: { readonly [key: string]: unknown };
}

/** Opens the notebook at `path`. Returns at once; the store says how it goes. */
export function openNotebook(path: string, options: OpenOptions = {}): NotebookSession {
  return new NotebookSession(path, options);
}

export class NotebookSession {
  readonly path: string;
  readonly store: SessionStore;
  readonly document: NotebookDocument;
  readonly server: Server;
  readonly #connection: SessionConnection;
  readonly #edits: UnsentEdits;
  readonly #world: Surroundings;
  readonly #pageId = newId();
  /** Kept states that were delivered with the last load; forgotten once acknowledged. */
  #delivered: string[] = [];
  #notebookId: string | null = null;
  #kept: { readonly states: readonly KeptState[] } | null = null;
  #reading: Promise<void> = Promise.resolve();
  #isLoading = false;
  /** What came while the kept edits were being read, in order. */
  readonly #waiting: (() => void)[] = [];
  #stopListening: () => void = () => {};
  readonly #commListeners = new Set<CommListener>();
  readonly #debugListeners = new Set<DebugListener>();

  constructor(path: string, options: OpenOptions) {
    this.path = path;
    this.server = options.server ?? Server.ofPage();
    this.store = options.store ?? new SessionStore();
    this.#edits = options.edits ?? browserEdits();
    this.#world = options.world ?? pageSurroundings;
    this.#connection = new SessionConnection({
      locate: () => this.#locate(),
      transport: options.transport ?? browserTransport,
      world: this.#world,
      listener: {
        connection: (connection) => this.#connectionChanged(connection),
        welcome: (welcome, isNewHistory) => {
          const { notebook_id, path: where, server, may, durable } = welcome;
          this.store.set({ notebook: { notebook_id, path: where, server, may }, durable });
          if (isNewHistory) this.#inOrder(() => this.document.forgetInFlight());
        },
        snapshot: (snapshot) => this.#inOrder(() => this.#snapshot(snapshot)),
        records: (records) => this.#inOrder(() => this.#records(records)),
        status: (status) => {
          this.store.set({ status });
          if (status.storage === "writable") this.#inOrder(() => this.document.resendHeld());
        },
        durable: ({ sequence }) => this.store.set({ durable: sequence }),
      },
    });
    this.document = new NotebookDocument({
      world: this.#world,
      newId,
      send: (generation, update, operationId) =>
        this.#connection.submit({ kind: "update-document", generation, update }, operationId),
      cellsChanged: (cells) => this.store.setCells(cells),
      unsentChanged: (hasUnsentEdits) => this.#unsentChanged(hasUnsentEdits),
      keep: (generation, state) => this.#keep(generation, state),
      conflicted: (generation, doc) => this.#addConflict(generation, doc),
      editRefused: (refusal) => this.#tell("edits-refused", refusal),
    });
    if (typeof document !== "undefined") {
      const keep = () => this.document.keepNow();
      document.addEventListener("visibilitychange", keep);
      window.addEventListener("pagehide", keep);
      this.#stopListening = () => {
        document.removeEventListener("visibilitychange", keep);
        window.removeEventListener("pagehide", keep);
      };
    }
    this.#connection.open();
  }

  // ── asked by the views ─────────────────────────────────────────────────────

  get clientId(): string {
    return this.#connection.clientId;
  }

  /** The id that HTTP paths name the notebook by; null before the server has told it. */
  get notebookId(): string | null {
    return this.#notebookId;
  }

  /**
   * Asks the session to do something; shows it at once where that is possible. Resolves when the
   * server has answered, which may be after a reconnect. A refusal is also told as a notice.
   */
  async submit(operation: Operation): Promise<Outcome> {
    this.document.flush();
    const operationId = newId();
    this.store.addPending({ operation_id: operationId, operation });
    const outcome = await this.#connection.submit(operation, operationId);
    this.#settle(operationId, outcome);
    return outcome;
  }

  /** Whether the server has every edit that was made until now; waits for it a while. */
  delivered(withinMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const giveUp = this.#world.after(withinMs, () => resolve(false));
      void this.document.delivered().then(() => {
        giveUp();
        resolve(true);
      });
    });
  }

  /** Says something on a comm. A refusal is for the one who asked: nobody else is told. */
  sendComm(operation: OpenComm | SendComm | CloseComm): Promise<Outcome> {
    return this.#connection.submit(operation, newId());
  }

  subscribeComms(listener: CommListener): () => void {
    this.#commListeners.add(listener);
    return () => this.#commListeners.delete(listener);
  }

  onDebugger(listener: DebugListener): () => void {
    this.#debugListeners.add(listener);
    return () => this.#debugListeners.delete(listener);
  }

  /** Asks a question that changes nothing. Rejects with `AskError`. */
  ask(
    request: Request,
    options?: { withinMs?: number; signal?: AbortSignal },
  ): Promise<{ readonly [key: string]: unknown }> {
    return this.#connection.ask(request, options);
  }

  /** Try to connect now, not when the timer says. */
  retryNow(): void {
    this.server.forgetMe();
    this.#connection.retryNow();
  }

  dismissNotice(id: string): void {
    const { notices } = this.store.current;
    this.store.set({ notices: notices.filter((notice) => notice.id !== id) });
  }

  dismissConflict(id: string): void {
    const { conflicts } = this.store.current;
    this.store.set({ conflicts: conflicts.filter((copy) => copy.id !== id) });
    this.#stored(this.#edits.deleteCopy(id));
  }

  close(): void {
    this.document.close();
    this.#connection.close();
    this.store.close();
    this.#stopListening();
  }

  // ── connection ─────────────────────────────────────────────────────────────

  async #locate(): Promise<Address> {
    // Who is asked first, so that a login that ended is noticed as that.
    await this.server.me();
    const path = this.store.current.notebook?.path ?? this.path;
    const place = await this.server.findNotebook(path, this.#notebookId);
    if (this.#notebookId !== place.notebook_id) {
      this.#notebookId = place.notebook_id;
      this.#kept = null;
      this.#readEdits(place.notebook_id);
    }
    return this.server.address(place.notebook_id);
  }

  #connectionChanged(connection: Connection): void {
    this.store.set({ connection });
    // The token may be of an ended login; it is asked for again with the next attempt.
    if (connection.phase === "waiting" || connection.phase === "ended") this.server.forgetMe();
  }

  /** Runs `step` now, or after what waits for the kept edits to be read. */
  #inOrder(step: () => void): void {
    if (this.#isLoading) this.#waiting.push(step);
    else step();
  }

  // ── what arrives ───────────────────────────────────────────────────────────

  #snapshot(snapshot: Snapshot): void {
    if (this.#kept) {
      this.#load(snapshot);
      return;
    }
    // The first one: edits of earlier pages are merged into it.
    this.#isLoading = true;
    this.#reading = this.#reading.then(() => {
      this.#kept ??= { states: [] };
      this.#load(snapshot);
      this.#isLoading = false;
      for (const step of this.#waiting.splice(0)) this.#inOrder(step);
    });
  }

  /** Begun while the socket is being opened, so that the first snapshot need not wait. */
  #readEdits(notebookId: string): void {
    const found = Promise.all([this.#edits.states(notebookId), this.#edits.copies(notebookId)]);
    this.#reading = found.then(
      ([states, copies]) => {
        if (this.#notebookId !== notebookId) return;
        this.#kept = { states };
        this.store.set({ conflicts: [...copies] });
      },
      (error: unknown) => this.#storageFailed(error),
    );
  }

  #load({ state, document: whole }: Snapshot): void {
    const generation = state.generation ?? "";
    const kept = this.#kept?.states ?? [];
    this.#kept = { states: [] };
    const ours = kept.filter((each) => each.generation === generation);
    const others = kept.filter((each) => each.generation !== generation);
    for (const each of others) {
      const doc = new Y.Doc();
      Y.applyUpdate(doc, each.state);
      this.#addConflict(each.generation, doc);
      doc.destroy();
    }
    this.#stored(this.#edits.deleteStates(others.map((each) => each.key)));
    this.#delivered.push(...ours.map((each) => each.key));
    this.store.together(() => {
      this.store.reset(state);
      this.document.load(
        generation,
        whole,
        ours.map((each) => each.state),
      );
    });
    for (const listener of this.#commListeners) listener.restored();
    for (const listener of this.#debugListeners) listener(null);
    if (!this.document.hasUnsent) this.#forgetDelivered();
  }

  #records(records: readonly Record[]): void {
    this.store.together(() => {
      this.store.fold(records);
      for (const { event, operation_id } of records) {
        if (event.kind === "document-updated") {
          this.document.merge(event.generation, event.update, operation_id);
        } else if (event.kind === "document-created") {
          this.document.load(event.generation, event.update);
        }
      }
    });
    if (this.#commListeners.size > 0) for (const { event } of records) this.#tellOfComm(event);
    for (const { event } of records) {
      if (event.kind === "debugger-reported") this.#tellOfDebugger(event.message);
    }
  }

  #tellOfDebugger(message: DebuggerReported["message"]): void {
    const { event, body } = message;
    if (typeof event !== "string") return;
    const parts = typeof body === "object" && body !== null ? { ...body } : {};
    for (const listener of this.#debugListeners) listener({ event, body: parts });
  }

  #tellOfComm(event: Record["event"]): void {
    switch (event.kind) {
      case "comm-opened":
      case "comm-messaged":
      case "comm-closed":
      case "comm-handled":
        for (const listener of this.#commListeners) listener.happened(event);
        break;
      case "kernel-died":
      case "kernel-stopped":
      case "kernel-requested":
        for (const listener of this.#commListeners) listener.kernelGone();
    }
  }

  #settle(operationId: string, outcome: Outcome): void {
    if (outcome.kind === "done") {
      // Its records come before the answer, but for a client that lags (SYNC-12).
      const until = outcome.sequence;
      if (this.store.current.confirmed.sequence >= until) this.store.dropPending(operationId);
      else {
        const stop = this.store.subscribeTo(
          (session) => session.confirmed.sequence >= until,
          () => {
            stop();
            this.store.dropPending(operationId);
          },
        );
      }
      return;
    }
    this.store.dropPending(operationId);
    if (outcome.kind === "refused") this.#tell("refused", outcome.refusal);
    else {
      const message =
        "the notebook's history was begun anew; it is not known whether this was done";
      this.#tell("unknown-outcome", { code: "log.epoch", message });
    }
  }

  /** Adds a notice, unless the same is still being shown. */
  #tell(kind: Notice["kind"], refusal: Notice["refusal"]): void {
    const { notices } = this.store.current;
    const isShown = notices.some(
      (notice) => notice.kind === kind && notice.refusal.message === refusal.message,
    );
    if (!isShown) this.store.set({ notices: [...notices, { id: newId(), kind, refusal }] });
  }

  // ── edits that the server lacks ────────────────────────────────────────────

  #unsentChanged(hasUnsentEdits: boolean): void {
    this.store.set({ hasUnsentEdits });
    if (!hasUnsentEdits) this.#forgetDelivered();
  }

  #forgetDelivered(): void {
    if (this.#delivered.length === 0) return;
    this.#stored(this.#edits.deleteStates(this.#delivered.splice(0)));
  }

  #keep(generation: string, state: Uint8Array | null): void {
    const notebookId = this.#notebookId;
    if (notebookId === null) return;
    const key = `${notebookId}/${generation}/${this.#pageId}`;
    this.#stored(
      state === null
        ? this.#edits.deleteStates([key])
        : this.#edits.putState({ key, notebook_id: notebookId, generation, state }),
    );
  }

  #addConflict(generation: string, doc: Y.Doc): void {
    const cells = cellsIn(doc);
    const copy: ConflictCopy = {
      id: newId(),
      generation,
      at: this.#world.now(),
      cells: headsOf(cells).map(({ cell_id, kind }) => {
        const source = cells.get(cell_id)?.get("source")?.toString() ?? "";
        return { cell_id, kind, source };
      }),
    };
    this.store.set({ conflicts: [...this.store.current.conflicts, copy] });
    this.#stored(this.#edits.putCopy({ ...copy, notebook_id: this.#notebookId ?? "" }));
  }

  /** Writes to the browser's store go on by themselves; one that fails is told once. */
  #stored(writing: Promise<void>): void {
    writing.catch((error: unknown) => this.#storageFailed(error));
  }

  #hasToldStorage = false;

  #storageFailed(error: unknown): void {
    if (this.#hasToldStorage) return;
    this.#hasToldStorage = true;
    const reason = messageOf(error);
    this.#tell("edits-refused", {
      code: "browser.storage",
      message: `This browser cannot keep unsent edits over a reload: ${reason}`,
    });
  }

  /** Resolves when the edits of earlier pages have been read (for tests). */
  get settled(): Promise<void> {
    return this.#reading;
  }
}

function browserEdits(): UnsentEdits {
  return typeof indexedDB === "undefined" ? new MemoryEdits() : new BrowserEdits();
}
