/**
 * The shared document of one notebook, on this page: cells by id, their order, their sources.
 *
 * The Yjs document behind it is replaced when the server begins a new generation; `doc` and
 * everything under it must then be taken anew (`subscribe` tells). Local changes are gathered,
 * the first going out after `FIRST_MS` and the rest within `GATHER_MS`, or all of them before
 * an operation that may rely on them, and handed to `send`; what is not acknowledged is kept (`unsent-edits.ts`), also across a reload. Rules SYNC-23 to SYNC-26.
 *
 * How cells are changed is in `cells.ts`; how the socket is spoken to, elsewhere.
 */

import * as Y from "yjs";
import type { CellHead } from "../core/pending";
import type { Refusal } from "../protocol/generated";
import { type CellMap, type Cells, cellsIn, headsOf, metadataIn, STRUCTURE } from "./cells";
import type { Surroundings } from "./reconnect";
import type { Outcome } from "./session-connection";

const FIRST_MS = 5; // a key is drawn first, then sent
export const GATHER_MS = 50;
const KEEP_AFTER_MS = 300; // most edits are acknowledged by then and never touch the disk
const KEEP_ON_MS = 30; // once something had to be kept, nobody answers: what follows is, too

/** Origin of what came from the server. */
const REMOTE = Symbol("remote");
/** Origin of edits that an earlier page could not deliver. */
const RESTORED = Symbol("restored");

/** What the document asks of the outside. */
export interface DocumentPort {
  readonly world: Pick<Surroundings, "after" | "now">;
  /** Submit an update; resolves when it was answered. */
  send(generation: string, update: Uint8Array, operationId: string): Promise<Outcome>;
  /** Make up an id for an operation. */
  newId(): string;
  /** Order or kinds of cells changed. */
  cellsChanged(cells: readonly CellHead[]): void;
  /** Whether anything waits to be acknowledged. */
  unsentChanged(hasUnsent: boolean): void;
  /** Keep the whole document, as it is now, until everything is acknowledged (null). */
  keep(generation: string, state: Uint8Array | null): void;
  /** The document was begun anew while these edits were not acknowledged (SYNC-25). */
  conflicted(generation: string, doc: Y.Doc): void;
  /** The server will not take an edit, and why. */
  editRefused(refusal: Refusal): void;
}

interface InFlight {
  readonly update: Uint8Array;
  /** Set when there was no room for it (SYNC-21). */
  isHeld: boolean;
}

export class NotebookDocument {
  readonly #port: DocumentPort;
  readonly #listeners = new Set<() => void>();
  #doc = new Y.Doc();
  #generation: string | null = null;
  #heads: readonly CellHead[] = [];
  #gathered: Uint8Array[] = [];
  readonly #inFlight = new Map<string, InFlight>();
  /** Who waits for edits, and for which operations still. */
  readonly #awaited = new Map<() => void, Set<string>>();
  #cancelGathering: (() => void) | null = null;
  #cancelKeeping: (() => void) | null = null;
  #isKept = false;
  #unobserve: () => void = () => {};
  #undo!: Y.UndoManager;

  constructor(port: DocumentPort) {
    this.#port = port;
    this.#observe();
  }

  // ── reading ────────────────────────────────────────────────────────────────

  /** The Yjs document of this generation. Empty before the first snapshot. */
  get doc(): Y.Doc {
    return this.#doc;
  }

  get generation(): string | null {
    return this.#generation;
  }

  get cells(): Cells {
    return cellsIn(this.#doc);
  }

  get metadata(): Y.Map<unknown> {
    return metadataIn(this.#doc);
  }

  /** Cells in order; the same array while neither order nor kinds change. */
  get heads(): readonly CellHead[] {
    return this.#heads;
  }

  get hasUnsent(): boolean {
    return this.#gathered.length > 0 || this.#inFlight.size > 0;
  }

  /** The cell's text, for an editor to be bound to; null for a cell that is gone. */
  source(cellId: string): Y.Text | null {
    return this.cell(cellId)?.get("source") ?? null;
  }

  cell(cellId: string): CellMap | null {
    return this.cells.get(cellId) ?? null;
  }

  /** Takes back, and does again, which cells there are and their order; typing is the editors'. */
  get undo(): Y.UndoManager {
    return this.#undo;
  }

  /** Calls back when `doc` became another one, or a cell came, went or was replaced. */
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  // ── from the server ────────────────────────────────────────────────────────

  /**
   * Take the whole document, of a snapshot or of a new generation, and send what it lacks.
   * `kept` are states that earlier pages could not deliver, of this generation.
   */
  load(generation: string, whole: Uint8Array, kept: readonly Uint8Array[] = []): void {
    if (this.#generation !== generation) this.#beginAnew(generation);
    const isFirst = this.#doc.store.clients.size === 0;
    Y.applyUpdate(this.#doc, whole, REMOTE);
    // What was empty holds nothing that the server lacks.
    if (isFirst && kept.length === 0) return;
    const known = new Y.Doc();
    Y.applyUpdate(known, whole);
    for (const state of kept) Y.applyUpdate(this.#doc, state, RESTORED);
    for (const { update } of this.#inFlight.values()) Y.applyUpdate(known, update);
    // What was gathered is part of the difference: it goes with it, once.
    this.#gathered = [];
    if (!Y.equalSnapshots(Y.snapshot(this.#doc), Y.snapshot(known))) {
      this.#gathered.push(Y.encodeStateAsUpdate(this.#doc, Y.encodeStateVector(known)));
      this.flush();
    }
    known.destroy();
    this.#tellUnsent();
  }

  /** Merge a `document-updated` record. Those of another generation are not for us. */
  merge(generation: string, update: Uint8Array, operationId: string | null): void {
    if (operationId !== null) this.#acknowledge(operationId);
    if (generation === this.#generation) Y.applyUpdate(this.#doc, update, REMOTE);
  }

  /** The log was begun anew: what was on its way is unknown to it; `load` finds the rest. */
  forgetInFlight(): void {
    this.#inFlight.clear();
  }

  /** The store can be written again: send what it had no room for (SYNC-21). */
  resendHeld(): void {
    if ([...this.#inFlight.values()].some((entry) => entry.isHeld)) this.#sendWhole();
  }

  // ── to the server ──────────────────────────────────────────────────────────

  /** Send what was gathered, now: before an operation that relies on it (SYNC-18). */
  flush(): void {
    if (this.#generation === null || this.#gathered.length === 0) return;
    const [first] = this.#gathered;
    const update = this.#gathered.length === 1 && first ? first : Y.mergeUpdates(this.#gathered);
    this.#gathered = [];
    this.#submit(update);
  }

  /** Resolves when the server has every edit that was made until now, however long that takes. */
  delivered(): Promise<void> {
    this.flush();
    const operations = new Set(this.#inFlight.keys());
    if (operations.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#awaited.set(resolve, operations));
  }

  /** Write down what is not acknowledged, at once: the page may be about to go. */
  keepNow(): void {
    if (!this.#cancelKeeping) return;
    this.#cancelKeeping();
    this.#cancelKeeping = null;
    this.#keep();
  }

  close(): void {
    this.flush();
    this.keepNow();
    this.#cancelGathering?.();
    this.#unobserve();
    this.#listeners.clear();
    this.#doc.destroy();
  }

  // ── inside ─────────────────────────────────────────────────────────────────

  #beginAnew(generation: string): void {
    const before = this.#generation;
    if (before !== null) {
      if (this.hasUnsent) this.#port.conflicted(before, this.#doc);
      this.#gathered = [];
      this.#inFlight.clear();
      this.#letGoOfKept(before);
      this.#unobserve();
      this.#doc.destroy();
      this.#doc = new Y.Doc();
      this.#observe();
    }
    this.#generation = generation;
    this.#tellListeners();
  }

  #tellListeners(): void {
    for (const listener of this.#listeners) listener();
  }

  #observe(): void {
    const doc = this.#doc;
    const cells = cellsIn(doc);
    const onUpdate = (update: Uint8Array, origin: unknown) => {
      if (origin !== REMOTE && origin !== RESTORED) this.#changedHere(update);
    };
    const onCells = (events: readonly Y.YEvent<Y.AbstractType<unknown>>[]) => {
      // Typing changes neither order nor kinds, and it is what happens most.
      if (!events.some((event) => event.path.length < 2)) return;
      this.#readHeads();
      this.#tellListeners();
    };
    this.#undo = new Y.UndoManager(doc.getMap("cells"), {
      trackedOrigins: new Set([STRUCTURE]),
      captureTimeout: 0,
    });
    doc.on("update", onUpdate);
    cells.observeDeep(onCells);
    this.#unobserve = () => {
      doc.off("update", onUpdate);
      cells.unobserveDeep(onCells);
      this.#undo.destroy();
    };
    this.#readHeads();
  }

  #readHeads(): void {
    const heads = headsOf(this.cells);
    const isSame =
      heads.length === this.#heads.length &&
      heads.every((head, index) => {
        const old = this.#heads[index];
        return old?.cell_id === head.cell_id && old.kind === head.kind;
      });
    if (isSame) return;
    this.#heads = heads;
    this.#port.cellsChanged(heads);
  }

  #changedHere(update: Uint8Array): void {
    this.#gathered.push(update);
    this.#tellUnsent();
    if (!this.#cancelGathering) this.#gather(FIRST_MS);
  }

  #gather(within: number): void {
    this.#cancelGathering = this.#port.world.after(within, () => {
      this.#cancelGathering = null;
      if (this.#gathered.length === 0) return;
      this.flush();
      this.#gather(GATHER_MS);
    });
  }

  /** Returns the operation's id; null while there is no document yet. */
  #submit(update: Uint8Array): string | null {
    const generation = this.#generation;
    if (generation === null) return null;
    const operationId = this.#port.newId();
    this.#inFlight.set(operationId, { update, isHeld: false });
    this.#tellUnsent();
    void this.#port.send(generation, update, operationId).then((outcome) => {
      this.#answered(operationId, outcome);
    });
    return operationId;
  }

  #answered(operationId: string, outcome: Outcome): void {
    const entry = this.#inFlight.get(operationId);
    if (!entry) return;
    if (outcome.kind === "done") this.#acknowledge(operationId);
    // The log was begun anew: the edit waits for the snapshot, which says what is missing.
    if (outcome.kind !== "refused") return;
    switch (outcome.refusal.code) {
      case "log.full":
        entry.isHeld = true;
        break;
      case "document.gap":
        // It builds on one that was refused: it goes with that one, or everything goes now.
        entry.isHeld = true;
        if (![...this.#inFlight.values()].some((e) => e.isHeld && e !== entry)) this.#sendWhole();
        break;
      case "document.generation":
        break; // the document that replaces this one is on its way
      default:
        this.#port.editRefused(outcome.refusal);
    }
  }

  /** Submits all there is, in the place of what was refused. */
  #sendWhole(): void {
    for (const [operationId, entry] of [...this.#inFlight]) {
      if (entry.isHeld) this.#inFlight.delete(operationId);
    }
    this.#gathered = [];
    const whole = this.#submit(Y.encodeStateAsUpdate(this.#doc));
    if (whole === null) return;
    for (const operations of this.#awaited.values()) operations.add(whole);
    this.#tellWhoWaits();
  }

  #acknowledge(operationId: string): void {
    if (!this.#inFlight.delete(operationId)) return;
    this.#tellUnsent();
    this.#tellWhoWaits();
  }

  #tellWhoWaits(): void {
    for (const [resolve, operations] of [...this.#awaited]) {
      if ([...operations].some((each) => this.#inFlight.has(each))) continue;
      this.#awaited.delete(resolve);
      resolve();
    }
  }

  #tellUnsent(): void {
    const { hasUnsent } = this;
    this.#port.unsentChanged(hasUnsent);
    if (!hasUnsent) {
      if (this.#generation !== null) this.#letGoOfKept(this.#generation);
    } else if (!this.#cancelKeeping) {
      const soon = this.#isKept ? KEEP_ON_MS : KEEP_AFTER_MS;
      this.#cancelKeeping = this.#port.world.after(soon, () => {
        this.#cancelKeeping = null;
        if (this.hasUnsent) this.#keep();
      });
    }
  }

  #keep(): void {
    if (this.#generation === null || !this.hasUnsent) return;
    this.#isKept = true;
    this.#port.keep(this.#generation, Y.encodeStateAsUpdate(this.#doc));
  }

  #letGoOfKept(generation: string): void {
    this.#cancelKeeping?.();
    this.#cancelKeeping = null;
    if (!this.#isKept) return;
    this.#isKept = false;
    this.#port.keep(generation, null);
  }
}
