/**
 * A small real server of one notebook, in memory: a log, a document, idempotent operations, resume
 * by sequence or snapshot. It speaks encoded frames over a network that loses and delays.
 */

import { Decoder, Encoder } from "@msgpack/msgpack";
import * as Y from "yjs";
import { foldRecord } from "../../src/core/fold";
import { EMPTY_STATE } from "../../src/core/state";
import type {
  ClientFrame,
  Event,
  Hello,
  Operation,
  Record,
  Refusal,
  ServerFrame,
  SessionState,
  Submit,
} from "../../src/protocol/generated";
import { insertCell } from "../../src/sync/cells";

const encoder = new Encoder();
const decoder = new Decoder();

/** How the server reaches one client. */
export interface Peer {
  deliver(bytes: Uint8Array, mayBeLost: boolean): void;
  end(code: number, reason: string): void;
}

export class SmallServer {
  epoch = "epoch-1";
  state: SessionState = EMPTY_STATE;
  records: Record[] = [];
  doc = new Y.Doc();
  isFull = false;
  /** Records that a client may lack and still be sent the tail. */
  tail = 50;
  /** Operation id → how often it was really done. */
  readonly done = new Map<string, number>();
  /** Questions are answered by this. */
  answer: (request: unknown) => { readonly [key: string]: unknown } = () => ({});
  readonly #peers = new Set<Peer>();
  #executions = 0;

  constructor() {
    this.begin("generation-1", ["print(1)", "print(2)"]);
  }

  /** Begin the document anew, as when the file was replaced. */
  begin(generation: string, sources: readonly string[]): void {
    this.doc = new Y.Doc();
    sources.forEach((source, index) => {
      insertCell(this.doc, index, { cell_id: `cell-${index}`, source });
    });
    this.happened({
      kind: "document-created",
      generation,
      update: Y.encodeStateAsUpdate(this.doc),
    });
  }

  /** The log was lost; document and state are what was saved. */
  beginLogAnew(): void {
    this.epoch = `epoch-${Number(this.epoch.slice(6)) + 1}`;
    this.records = [];
    this.state = { ...this.state, sequence: 0, answered: [] };
    this.done.clear();
    this.stop(1001);
  }

  stop(code = 1006): void {
    for (const peer of [...this.#peers]) this.#end(peer, code, "");
  }

  happened(event: Event, operationId: string | null = null): void {
    const record: Record = {
      sequence: this.state.sequence + 1,
      at: this.state.sequence,
      actor: "server",
      event,
      operation_id: operationId,
      received: 0,
    };
    this.records.push(record);
    this.state = foldRecord(this.state, record);
    for (const peer of this.#peers) this.#send(peer, { kind: "events", records: [record] }, true);
  }

  /** A client fell behind and is given a snapshot in the middle (SYNC-12). */
  lag(): void {
    for (const peer of this.#peers) this.#send(peer, this.#snapshot());
  }

  tellStorage(storage: "writable" | "full"): void {
    this.isFull = storage === "full";
    for (const peer of this.#peers) this.#tellStatus(peer);
  }

  get sources(): { readonly [cellId: string]: string } {
    const cells = Object.entries(this.doc.getMap("cells").toJSON());
    return Object.fromEntries(cells.map(([id, cell]) => [id, String(cell.source)]));
  }

  // ── one client ─────────────────────────────────────────────────────────────

  joined(peer: Peer): void {
    this.#peers.add(peer);
  }

  left(peer: Peer): void {
    this.#peers.delete(peer);
  }

  received(peer: Peer, bytes: Uint8Array): void {
    if (!this.#peers.has(peer)) return;
    const frame = decoder.decode(bytes) as ClientFrame;
    switch (frame.kind) {
      case "hello":
        this.#hello(peer, frame);
        break;
      case "submit":
        this.#submit(peer, frame);
        break;
      case "ask":
        this.#send(peer, {
          kind: "reply",
          request_id: frame.request_id,
          result: this.answer(frame.request),
          refusal: null,
        });
        break;
      case "ping":
        this.#send(peer, { kind: "pong", nonce: 0 });
        break;
    }
  }

  #hello(peer: Peer, hello: Hello): void {
    if (hello.protocol !== 1) {
      this.#send(peer, { kind: "goodbye", code: "protocol.version", message: "reload" });
      this.#end(peer, 4409, "protocol.version");
      return;
    }
    const last = this.state.sequence;
    this.#send(peer, {
      kind: "welcome",
      protocol: 1,
      server: "small",
      notebook_id: "notebook",
      path: "a.ipynb",
      epoch: this.epoch,
      last,
      durable: last,
      may: ["read", "run", "edit"],
    });
    const after = hello.epoch === this.epoch ? (hello.after ?? null) : null;
    const first = this.records[0]?.sequence ?? last + 1;
    const canResume = after !== null && after >= first - 1 && last - after <= this.tail;
    if (!canResume || after > last) this.#send(peer, this.#snapshot());
    else if (after < last) {
      const records = this.records.filter((record) => record.sequence > after);
      this.#send(peer, { kind: "events", records });
    }
    this.#tellStatus(peer);
  }

  #submit(peer: Peer, { operation_id, operation }: Submit): void {
    const isAnswered = this.state.answered.includes(operation_id);
    const refusal = isAnswered ? null : this.#refusalOf(operation);
    if (!isAnswered && !refusal) this.#do(operation, operation_id);
    const { sequence } = this.state;
    this.#send(peer, { kind: "answer", operation_id, sequence, refusal });
  }

  #refusalOf(operation: Operation): Refusal | null {
    if (this.isFull) return { code: "log.full", message: "the disk is full" };
    if (operation.kind !== "update-document") return null;
    if (operation.generation !== this.state.generation) {
      return { code: "document.generation", message: "the document was begun anew" };
    }
    const trial = new Y.Doc();
    Y.applyUpdate(trial, Y.encodeStateAsUpdate(this.doc));
    Y.applyUpdate(trial, operation.update);
    if (trial.store.pendingStructs || trial.store.pendingDs) {
      return { code: "document.gap", message: "it builds on edits that never arrived" };
    }
    return null;
  }

  #do(operation: Operation, operationId: string): void {
    this.done.set(operationId, (this.done.get(operationId) ?? 0) + 1);
    if (operation.kind === "update-document") {
      const { generation, update } = operation;
      Y.applyUpdate(this.doc, update);
      this.happened({ kind: "document-updated", generation, update }, operationId);
    } else if (operation.kind === "run-cells") {
      for (const cell_id of operation.cell_ids) {
        const execution_id = `execution-${this.#executions++}`;
        const source = this.sources[cell_id] ?? "";
        this.happened(
          { kind: "execution-queued", execution_id, cell_id, source, stop_on_error: true },
          operationId,
        );
        this.happened({ kind: "execution-started", execution_id }, operationId);
      }
    } else if (operation.kind === "clear-outputs") {
      const cell_ids = operation.cell_ids ?? Object.keys(this.state.cells);
      this.happened({ kind: "outputs-discarded", cell_ids }, operationId);
    }
  }

  #snapshot(): ServerFrame {
    const state = { ...this.state, answered: [] };
    return { kind: "snapshot", state, document: Y.encodeStateAsUpdate(this.doc) };
  }

  #tellStatus(peer: Peer): void {
    this.#send(peer, {
      kind: "status",
      storage: this.isFull ? "full" : "writable",
      message: "",
      file: "saved",
      file_message: "",
      saved_at: null,
    });
  }

  #send(peer: Peer, frame: ServerFrame, mayBeLost = false): void {
    // A copy: the encoder's buffer is its own, and a frame may travel for a while.
    peer.deliver(encoder.encode(frame).slice(), mayBeLost);
  }

  #end(peer: Peer, code: number, reason: string): void {
    this.#peers.delete(peer);
    peer.end(code, reason);
  }
}
