/**
 * The conversation with one session: hello, resume, operations, questions; across any number of
 * sockets.
 *
 * An operation is kept from `submit` until its answer, and sent again in order after each
 * reconnect under its first id, so it is done once (SYNC-19). What is given to `listener` is
 * without gaps and repeats: records follow each other or a snapshot starts anew (SYNC-13).
 *
 * Nothing here knows the document or the page; `notebook-session.ts` joins them.
 */

import { assertNever } from "../core/assert-never";
import { messageOf } from "../core/message-of";
import { afterClose, GAP_CLOSE_CODE, SILENCE_CLOSE_CODE } from "../protocol/close-codes";
import { PROTOCOL_VERSION } from "../protocol/codec";
import type {
  Durable,
  Goodbye,
  Operation,
  Record,
  Refusal,
  Reply,
  Request,
  ServerFrame,
  Snapshot,
  Status,
  Welcome,
} from "../protocol/generated";
import type { Connection } from "../store/session";
import { newId } from "./new-id";
import { Reconnect, SLOW_DELAY_MS, type Surroundings } from "./reconnect";
import { ServerError } from "./server";
import { tellSettingsNews } from "./settings-news";
import { type Address, FrameSocket, type Transport } from "./socket";

export const SILENCE_MS = 20_000; // then we ask whether anybody is there
export const PONG_WITHIN_MS = 10_000;
export const PONG_ON_RETURN_MS = 4_000; // a laptop that slept: its sockets look alive and are not
export const HELLO_WITHIN_MS = 15_000; // from opening a socket to its welcome
export const STEADY_AFTER_MS = 3_000; // a socket that lived this long was a good one
export const ASK_WITHIN_MS = 15_000;

/** How an operation ended. `unknown`: the log was begun anew before its answer came. */
export type Outcome =
  | { readonly kind: "done"; readonly sequence: number }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "unknown" };

/** A question that got no result. */
export class AskError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export interface ConnectionListener {
  connection(connection: Connection): void;
  /** `isNewHistory`: the log is another than before; nothing from it counts any more. */
  welcome(welcome: Welcome, isNewHistory: boolean): void;
  snapshot(snapshot: Snapshot): void;
  records(records: readonly Record[]): void;
  status(status: Status): void;
  durable(durable: Durable): void;
}

interface Unanswered {
  readonly operation: Operation;
  readonly settle: (outcome: Outcome) => void;
  wasSent: boolean;
}

interface Question {
  readonly request: Request;
  readonly resolve: (reply: Reply) => void;
  readonly fail: (error: Error) => void;
  readonly forget: () => void;
}

export interface ConnectionOptions {
  /** Finds the notebook; called before the first attempt and after one that never opened. */
  readonly locate: () => Promise<Address>;
  readonly transport: Transport;
  readonly world: Surroundings;
  readonly listener: ConnectionListener;
  readonly clientId?: string;
}

export class SessionConnection {
  readonly clientId: string;
  readonly #options: ConnectionOptions;
  readonly #reconnect: Reconnect;
  readonly #stopListening: () => void;
  readonly #unanswered = new Map<string, Unanswered>();
  readonly #questions = new Map<string, Question>();
  #address: Address | null = null;
  #socket: FrameSocket | null = null;
  #isWelcome = false;
  #isClosed = false;
  #isLocating = false;
  #goodbye: Goodbye | null = null;
  #epoch: string | null = null;
  #after: number | null = null;
  #mustFindAgain = false;
  /** Whether that was tried since the last welcome. */
  #hasFoundAgain = false;
  #heardAt = 0;
  #isListening = false; // and not waiting for an answer to a ping
  #cancelSilence: () => void = () => {};
  #cancelSteady: () => void = () => {};

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.clientId = options.clientId ?? newId();
    this.#reconnect = new Reconnect(() => this.#connect(), options.world);
    this.#stopListening = options.world.onReturn(() => {
      if (this.#isWelcome) this.#pingNow(PONG_ON_RETURN_MS);
    });
  }

  // ── asked from above ───────────────────────────────────────────────────────

  open(): void {
    this.#connect();
  }

  /** The newest sequence that was given to the listener; null before the first snapshot. */
  get after(): number | null {
    return this.#after;
  }

  get isOpen(): boolean {
    return this.#isWelcome;
  }

  /** Sends `operation`, now or as soon as there is a connection. Never rejects. */
  submit(operation: Operation, operationId: string = newId()): Promise<Outcome> {
    return new Promise((settle) => {
      const entry: Unanswered = { operation, settle, wasSent: false };
      this.#unanswered.set(operationId, entry);
      if (this.#isWelcome) this.#send(operationId, entry);
    });
  }

  /** The ids of operations that have no answer yet, oldest first. */
  unansweredIds(): string[] {
    return [...this.#unanswered.keys()];
  }

  /** Stop waiting for an operation's answer and never send it again. */
  forget(operationId: string): void {
    this.#unanswered.delete(operationId);
  }

  /** Asks something that is not recorded. Rejects with `AskError`. */
  ask(
    request: Request,
    { withinMs = ASK_WITHIN_MS, signal }: { withinMs?: number; signal?: AbortSignal } = {},
  ): Promise<{ readonly [key: string]: unknown }> {
    if (!this.#isWelcome) return Promise.reject(new AskError("offline", "there is no connection"));
    const requestId = newId();
    return new Promise<Reply>((resolve, fail) => {
      const drop = (error: AskError) => {
        this.#questions.delete(requestId);
        forget();
        fail(error);
      };
      const abort = () => drop(new AskError("aborted", "nobody waits for the answer any more"));
      const cancelTimer = this.#options.world.after(withinMs, () =>
        drop(new AskError("timeout", "the kernel did not answer in time")),
      );
      const forget = () => {
        cancelTimer();
        signal?.removeEventListener("abort", abort);
      };
      if (signal?.aborted) {
        abort();
        return;
      }
      signal?.addEventListener("abort", abort);
      this.#questions.set(requestId, { request, resolve, fail, forget });
      this.#socket?.send({ kind: "ask", request_id: requestId, request });
    }).then((reply) => {
      if (reply.refusal) throw new AskError(reply.refusal.code, reply.refusal.message);
      return reply.result ?? {};
    });
  }

  /** Tries now instead of waiting; also after an end that a person has dealt with. */
  retryNow(): void {
    if (this.#isClosed || this.#socket || this.#isLocating) return;
    this.#mustFindAgain = true;
    this.#hasFoundAgain = false;
    this.#reconnect.succeeded();
    this.#reconnect.stopWaiting();
    this.#connect();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopListening();
    this.#reconnect.stop();
    this.#socket?.close(1000);
    this.#tell({ phase: "ended", cause: "closed", message: "" });
  }

  // ── sockets ────────────────────────────────────────────────────────────────

  #connect(): void {
    if (this.#isClosed || this.#socket || this.#isLocating) return;
    this.#tell({ phase: "connecting", attempt: this.#reconnect.attempt });
    if (this.#address && !this.#mustFindAgain) {
      this.#openSocket(this.#address);
      return;
    }
    this.#isLocating = true;
    this.#options.locate().then(
      (address) => {
        this.#isLocating = false;
        this.#address = address;
        this.#mustFindAgain = false;
        if (!this.#isClosed) this.#openSocket(address);
      },
      (error: unknown) => {
        this.#isLocating = false;
        if (!this.#isClosed) this.#notFound(error);
      },
    );
  }

  #notFound(error: unknown): void {
    const message = messageOf(error);
    const status = error instanceof ServerError ? error.status : 0;
    if (status === 401) this.#end("log-in", message);
    else if (status >= 400 && status < 500 && status !== 408 && status !== 429) {
      this.#end("refused", message);
    } else this.#wait(message);
  }

  #openSocket(address: Address): void {
    this.#goodbye = null;
    const socket = new FrameSocket(address, this.#options.transport, {
      opened: () =>
        socket.send({
          kind: "hello",
          protocol: PROTOCOL_VERSION,
          client_id: this.clientId,
          epoch: this.#epoch,
          after: this.#after,
          token: address.token,
        }),
      received: (frame) => this.#received(frame),
      closed: (code, reason, wasOpen) => this.#closed(code, reason, wasOpen),
    });
    this.#socket = socket;
    this.#expect(HELLO_WITHIN_MS, () => socket.close(SILENCE_CLOSE_CODE, "the server is silent"));
  }

  #closed(code: number, reason: string, wasOpen: boolean): void {
    this.#socket = null;
    this.#isWelcome = false;
    this.#isListening = false;
    this.#cancelSilence();
    this.#cancelSteady();
    for (const question of this.#questions.values()) {
      question.forget();
      question.fail(new AskError("offline", "the connection broke"));
    }
    this.#questions.clear();
    if (this.#isClosed) return;
    if (!wasOpen) this.#mustFindAgain = true;
    const why = this.#goodbye?.message || reason || "the connection broke";
    const next = afterClose(code);
    switch (next) {
      case "reconnect":
        this.#wait(why);
        break;
      case "reconnect-slowly":
        this.#wait(why, SLOW_DELAY_MS);
        break;
      case "find-again":
        // One that is moved is followed as often as it is moved.
        if (this.#hasFoundAgain && this.#goodbye?.code !== "session.moved") {
          this.#end("refused", why);
          break;
        }
        this.#hasFoundAgain = true;
        this.#mustFindAgain = true;
        this.#wait(why);
        break;
      case "log-in":
        this.#end("log-in", why);
        break;
      case "reload":
        this.#end("reload", why);
        break;
      case "stop":
        this.#end("refused", why);
        break;
      default:
        assertNever(next);
    }
  }

  #wait(reason: string, atLeastMs = 0): void {
    const waiting = this.#reconnect.failed(atLeastMs);
    this.#tell({ phase: "waiting", reason, ...waiting });
  }

  #end(cause: "log-in" | "reload" | "refused", message: string): void {
    this.#tell({ phase: "ended", cause, message });
  }

  #tell(connection: Connection): void {
    this.#options.listener.connection(connection);
  }

  // ── frames ─────────────────────────────────────────────────────────────────

  #received(frame: ServerFrame): void {
    if (this.#isWelcome) this.#heard();
    const { listener } = this.#options;
    switch (frame.kind) {
      case "welcome":
        this.#welcome(frame);
        break;
      case "snapshot":
        this.#after = frame.state.sequence;
        listener.snapshot(frame);
        break;
      case "events":
        this.#records(frame.records);
        break;
      case "answer": {
        const entry = this.#unanswered.get(frame.operation_id);
        if (!entry) break;
        this.#unanswered.delete(frame.operation_id);
        entry.settle(
          frame.refusal
            ? { kind: "refused", refusal: frame.refusal }
            : { kind: "done", sequence: frame.sequence },
        );
        break;
      }
      case "reply": {
        const question = this.#questions.get(frame.request_id);
        if (!question) break;
        this.#questions.delete(frame.request_id);
        question.forget();
        question.resolve(frame);
        break;
      }
      case "durable":
        listener.durable(frame);
        break;
      case "status":
        listener.status(frame);
        break;
      case "settings-changed":
        tellSettingsNews();
        break;
      case "pong":
        break;
      case "goodbye":
        this.#goodbye = frame;
        break;
      default:
        assertNever(frame);
    }
  }

  #welcome(welcome: Welcome): void {
    tellSettingsNews(); // what changed before nobody could tell us
    const isNewHistory = this.#epoch !== null && this.#epoch !== welcome.epoch;
    this.#epoch = welcome.epoch;
    if (isNewHistory) {
      this.#after = null;
      this.#abandonSent();
    }
    this.#isWelcome = true;
    this.#hasFoundAgain = false;
    this.#heard();
    this.#cancelSteady = this.#options.world.after(STEADY_AFTER_MS, () =>
      this.#reconnect.succeeded(),
    );
    this.#options.listener.welcome(welcome, isNewHistory);
    this.#tell({ phase: "open", by: this.#socket?.by ?? "socket" });
    for (const [operationId, entry] of this.#unanswered) this.#send(operationId, entry);
  }

  /** SYNC-14: whether these were done cannot be known any more, so they are not sent again. */
  #abandonSent(): void {
    for (const [operationId, entry] of [...this.#unanswered]) {
      if (!entry.wasSent) continue;
      this.#unanswered.delete(operationId);
      entry.settle({ kind: "unknown" });
    }
  }

  #records(given: readonly Record[]): void {
    const after = this.#after ?? 0;
    const records = given.filter((record) => record.sequence > after);
    let expected = after + 1;
    for (const record of records) {
      if (record.sequence !== expected) {
        this.#socket?.close(GAP_CLOSE_CODE, "a record was missing");
        return;
      }
      expected += 1;
    }
    if (records.length === 0) return;
    this.#after = expected - 1;
    this.#options.listener.records(records);
  }

  #send(operationId: string, entry: Unanswered): void {
    entry.wasSent = true;
    const { operation } = entry;
    this.#socket?.send({ kind: "submit", operation_id: operationId, operation });
  }

  // ── silence (SYNC-8) ───────────────────────────────────────────────────────

  /** Frames come by the thousand: each is noted, and the timer looks at it when it rings. */
  #heard(): void {
    this.#heardAt = this.#options.world.now();
    if (!this.#isListening) this.#listen(SILENCE_MS);
  }

  #listen(ms: number): void {
    this.#expect(ms, () => {
      const left = this.#heardAt + SILENCE_MS - this.#options.world.now();
      if (left > 0) this.#listen(Math.min(left, SILENCE_MS));
      else this.#pingNow(PONG_WITHIN_MS);
    });
    this.#isListening = true;
  }

  #pingNow(withinMs: number): void {
    this.#socket?.send({ kind: "ping" });
    this.#expect(withinMs, () => this.#socket?.close(SILENCE_CLOSE_CODE, "the server is silent"));
  }

  #expect(ms: number, otherwise: () => void): void {
    this.#cancelSilence();
    this.#isListening = false;
    this.#cancelSilence = this.#options.world.after(ms, otherwise);
  }
}
