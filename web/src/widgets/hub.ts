/**
 * The page's end of all its widgets: one hub for a notebook, between the session's comms and
 * the frames in which the models live. Rules WID-1 to WID-9.
 *
 * A frame asks for models and is given their state, then every message of theirs in the
 * log's order. What a person changes in one frame goes to the page's other frames at once and
 * into the session as operations, at the kernel's pace (`pace.ts`).
 */

import { own } from "../core/lookup";
import { messageOf } from "../core/message-of";
import type { CommHandled, CommMessaged } from "../protocol/generated";
import { newId } from "../sync/new-id";
import type { CommEvent, NotebookSession } from "../sync/notebook-session";
import { sizeWords } from "../ui/words";
import { type FromFrame, isObject, type Said, type ToFrame } from "./messages";
import { Models, referencesIn, savedIn, WIDGET_TARGET } from "./models";
import { Order } from "./order";
import { isUpdate, type Message, Pace } from "./pace";

/** A frame as the hub sees it. */
interface Frame {
  readonly prefix: string;
  readonly held: Set<string>;
  readonly send: (message: ToFrame) => void;
}

export interface FramePlace {
  readonly prefix: string;
  receive(message: FromFrame): void;
  close(): void;
}

/** What was said in passing (`custom`) on a comm that no frame of this page has had yet: it is
 * in no state, and whoever is first must hear it. */
interface Fresh {
  readonly said: CommMessaged[];
  bytes: number;
}

const FRESH_MOST = 500; // messages kept for a model that is not shown yet
const FRESH_BYTES = 4_000_000;
const MESSAGE_BYTES = 11_000_000; // the server takes 12 MiB at once

interface Sent {
  readonly frame: Frame;
  readonly comm_id: string;
  /** Its operation was answered: it is in the log. */
  isDone: boolean;
}

const hubs = new WeakMap<NotebookSession, WidgetHub>();

export function hubOf(session: NotebookSession): WidgetHub {
  const known = hubs.get(session) ?? new WidgetHub(session);
  hubs.set(session, known);
  return known;
}

export class WidgetHub {
  readonly #session: NotebookSession;
  readonly #frames = new Set<Frame>();
  readonly #order = new Order();
  readonly #fresh = new Map<string, Fresh>();
  readonly #paces = new Map<string, Pace>();
  readonly #sent = new Map<string, Sent>();
  #frameCount = 0;
  readonly #id = newId();

  constructor(session: NotebookSession) {
    this.#session = session;
    session.subscribeComms({
      happened: (event) => this.#happened(event),
      restored: () => this.#restored(),
      kernelGone: () => this.#kernelGone(),
    });
  }

  attach(send: (message: ToFrame) => void): FramePlace {
    this.#frameCount += 1;
    const frame: Frame = {
      prefix: `${this.#id}-${this.#frameCount}-`,
      held: new Set(),
      send,
    };
    this.#frames.add(frame);
    return {
      prefix: frame.prefix,
      receive: (message) => this.#receive(frame, message),
      close: () => this.#frames.delete(frame),
    };
  }

  // ── from frames ────────────────────────────────────────────────────────────

  #receive(frame: Frame, message: FromFrame): void {
    switch (message.kind) {
      case "want":
        this.#give(frame, message.comm_ids);
        break;
      case "send":
        // A frame speaks for the models it was given, and for no other comm.
        if (frame.held.has(message.comm_id)) this.#send(frame, message);
        break;
      case "open":
        this.#open(frame, message);
        break;
      case "close":
        if (frame.held.has(message.comm_id)) {
          this.#session.sendComm({ kind: "close-comm", comm_id: message.comm_id });
        }
        break;
      case "module":
        this.#module(frame, message.ask, message.path);
        break;
    }
  }

  #give(frame: Frame, ids: Iterable<string>): void {
    const models = this.#models();
    const wanted = [...ids];
    const given = models.around(wanted, frame.held);
    for (const id of given) frame.held.add(id);
    const missing = wanted.filter((id) => !frame.held.has(id));
    const states = [...given].map((id) => models.state(id)).filter((each) => each !== null);
    const told = states.map((state) => ({ ...state, said: this.#toldOf(state.comm_id) }));
    frame.send({ kind: "models", models: told, missing });
  }

  #toldOf(id: string): Said[] {
    const said = this.#fresh.get(id)?.said ?? [];
    this.#fresh.delete(id);
    return said.map(({ data, buffers }) => ({ data, buffers, leads: true }));
  }

  #models(): Models {
    const widgets = this.#session.document.metadata.get("widgets");
    return new Models(this.#session.store.current.confirmed.comms, savedIn(widgets));
  }

  #send(frame: Frame, message: Message): void {
    const { comm_id, message_id, data, buffers } = message;
    if (!message_id.startsWith(frame.prefix)) return;
    const bytes = buffers.reduce((sum, buffer) => sum + buffer.length, 0);
    if (bytes > MESSAGE_BYTES) {
      const problem = `This is ${sizeWords(bytes)}: the kernel takes at most 11 MB at once from a widget.`;
      frame.send({ kind: "settled", message_id, problem });
      return;
    }
    const pace = this.#paces.get(comm_id) ?? new Pace();
    this.#paces.set(comm_id, pace);
    if (isUpdate(message)) {
      this.#order.sends(comm_id, keysIn(data.state), message_id);
      for (const other of this.#frames) {
        if (other === frame || !other.held.has(comm_id)) continue;
        other.send({ kind: "comm-message", comm_id, data, buffers, leads: false });
      }
      // It waits here for its turn, not there: the next may come.
      frame.send({ kind: "settled", message_id, problem: null });
    }
    this.#submitAll(frame, pace.say(message));
  }

  #submitAll(frame: Frame, messages: readonly Message[]): void {
    for (const { comm_id, data, metadata, buffers, message_id } of messages) {
      if (data.method === "update") this.#order.sends(comm_id, keysIn(data.state), message_id);
      this.#submit(frame, message_id, comm_id, {
        kind: "send-comm",
        comm_id,
        data,
        metadata,
        buffers,
        message_id,
      });
    }
  }

  async #open(frame: Frame, message: Extract<FromFrame, { kind: "open" }>): Promise<void> {
    const { comm_id, data, metadata, buffers, message_id } = message;
    if (!message_id.startsWith(frame.prefix)) return;
    frame.held.add(comm_id);
    await this.#submit(frame, message_id, comm_id, {
      kind: "open-comm",
      comm_id,
      target: WIDGET_TARGET,
      data,
      metadata,
      buffers,
      message_id,
    });
  }

  async #submit(
    frame: Frame,
    message_id: string,
    comm_id: string,
    operation: Parameters<NotebookSession["sendComm"]>[0],
  ): Promise<void> {
    const sent: Sent = { frame, comm_id, isDone: false };
    this.#sent.set(message_id, sent);
    const outcome = await this.#session.sendComm(operation);
    if (outcome.kind === "done") {
      sent.isDone = true;
      return;
    }
    this.#order.fails(comm_id, message_id);
    const problem = outcome.kind === "refused" ? outcome.refusal.message : "It may be lost.";
    this.#settle(message_id, problem);
  }

  #settle(message_id: string, problem: string | null): void {
    const sent = this.#sent.get(message_id);
    if (!sent) return;
    this.#sent.delete(message_id);
    sent.frame.send({ kind: "settled", message_id, problem });
    const due = this.#paces.get(sent.comm_id)?.handled(message_id) ?? [];
    this.#submitAll(sent.frame, due);
  }

  async #module(frame: Frame, ask: number, path: string): Promise<void> {
    const answer = (file: Extract<ToFrame, { kind: "module-file" }>["file"], problem = "") =>
      frame.send({ kind: "module-file", ask, file, problem });
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    const notebook = this.#session.notebookId ?? "";
    try {
      const response = await this.#session.server.request(
        "GET",
        `api/v1/notebooks/${notebook}/extensions/${encoded}`,
      );
      answer({ type: typeOf(path), content: await response.arrayBuffer() });
    } catch (problem) {
      answer(null, messageOf(problem));
    }
  }

  // ── from the session ───────────────────────────────────────────────────────

  #happened(event: CommEvent): void {
    switch (event.kind) {
      case "comm-opened":
        if (event.target !== WIDGET_TARGET) break;
        this.#fresh.set(event.comm_id, { said: [], bytes: 0 });
        this.#opened(event.comm_id);
        break;
      case "comm-messaged":
        this.#messaged(event);
        break;
      case "comm-closed":
        this.#order.forget(event.comm_id);
        this.#fresh.delete(event.comm_id);
        this.#paces.delete(event.comm_id);
        this.#tell(event.comm_id, { kind: "comm-closed", comm_id: event.comm_id });
        for (const frame of this.#frames) frame.held.delete(event.comm_id);
        break;
      case "comm-handled":
        this.#settle((event satisfies CommHandled).message_id, null);
        break;
    }
  }

  /** A new model without a view goes to the frames that hold what it refers to. */
  #opened(comm_id: string): void {
    const comm = own(this.#session.store.current.confirmed.comms, comm_id);
    const state = comm?.data.state;
    if (!isObject(state) || (state._view_name ?? null) !== null) return;
    const references = [...referencesIn(state)];
    for (const frame of this.#frames) {
      if (frame.held.has(comm_id)) continue;
      if (references.some((id) => frame.held.has(id))) this.#give(frame, [comm_id]);
    }
  }

  #messaged(event: CommMessaged): void {
    const { comm_id, data, from_kernel } = event;
    this.#remember(event);
    const holders = [...this.#frames].filter((frame) => frame.held.has(comm_id));
    switch (data.method) {
      case "update":
      case "echo_update": {
        const state = isObject(data.state) ? data.state : {};
        const counts = this.#counting(event, Object.keys(state));
        if (counts.length === 0 && Object.keys(state).length > 0) return;
        const news = restricted(event, state, counts);
        for (const frame of holders) {
          // What came from this page its frames know.
          if (!from_kernel && event.message_id?.startsWith(this.#id)) continue;
          const unknown = [...referencesIn(news.data.state)].filter((id) => !frame.held.has(id));
          if (unknown.length > 0) this.#give(frame, unknown);
          const leads = from_kernel && frame === holders[0];
          frame.send({ kind: "comm-message", comm_id, ...news, leads });
        }
        break;
      }
      default:
        // What a client says to the kernel besides updates is between the two.
        if (!from_kernel) return;
        for (const frame of holders) {
          const leads = frame === holders[0];
          frame.send({ kind: "comm-message", comm_id, data, buffers: event.buffers, leads });
        }
    }
  }

  #remember(event: CommMessaged): void {
    const fresh = this.#fresh.get(event.comm_id);
    if (!fresh || !event.from_kernel || event.data.method !== "custom") return;
    fresh.said.push(event);
    fresh.bytes += event.buffers.reduce((sum, buffer) => sum + buffer.length, 200);
    if (fresh.said.length > FRESH_MOST || fresh.bytes > FRESH_BYTES) {
      this.#fresh.delete(event.comm_id);
    }
  }

  #counting(event: CommMessaged, attributes: string[]): string[] {
    const { comm_id } = event;
    if (!event.from_kernel) return this.#order.logged(comm_id, attributes, event.message_id);
    if (event.data.method === "update") return this.#order.changed(comm_id, attributes);
    const ours = event.metadata.tailrace;
    const answers = isObject(ours) && typeof ours.answers === "string" ? ours.answers : null;
    return this.#order.echoed(comm_id, attributes, answers);
  }

  /** The whole state came anew: frames take it over what they have. */
  #restored(): void {
    this.#order.reset();
    this.#fresh.clear();
    const models = this.#models();
    for (const frame of this.#frames) {
      const held = [...frame.held];
      const states = held.map((id) => models.state(id)).filter((each) => each !== null);
      const missing = held.filter((id) => !states.some((each) => each.comm_id === id));
      for (const id of missing) frame.held.delete(id);
      frame.send({ kind: "models", models: states, missing });
    }
    // Whether these were handled is not told any more.
    for (const [message_id, sent] of [...this.#sent]) {
      if (sent.isDone) this.#settle(message_id, null);
    }
  }

  #kernelGone(): void {
    this.#paces.clear();
    this.#fresh.clear();
    for (const frame of this.#frames) frame.send({ kind: "kernel-gone" });
    for (const message_id of [...this.#sent.keys()])
      this.#settle(message_id, "The kernel is gone.");
  }

  #tell(comm_id: string, message: ToFrame): void {
    for (const frame of this.#frames) if (frame.held.has(comm_id)) frame.send(message);
  }
}

const TYPES: { readonly [ending: string]: string } = {
  css: "text/css",
  gif: "image/gif",
  jpg: "image/jpeg",
  js: "text/javascript",
  json: "application/json",
  mjs: "text/javascript",
  png: "image/png",
  svg: "image/svg+xml",
  wasm: "application/wasm",
};

function typeOf(path: string): string {
  return own(TYPES, path.split(".").at(-1)?.toLowerCase() ?? "") ?? "application/octet-stream";
}

function keysIn(value: unknown): string[] {
  return isObject(value) ? Object.keys(value) : [];
}

/** The message with some of its attributes only, and their buffers. */
function restricted(
  event: CommMessaged,
  state: { readonly [key: string]: unknown },
  attributes: readonly string[],
): Pick<CommMessaged, "data" | "buffers"> {
  const { data, buffers } = event;
  if (attributes.length === Object.keys(state).length) return { data, buffers };
  const paths = Array.isArray(data.buffer_paths) ? data.buffer_paths : [];
  const kept = paths
    .map((path: unknown, index): [unknown, Uint8Array | undefined] => [path, buffers[index]])
    .filter(([path]) => Array.isArray(path) && attributes.includes(String(path[0])));
  const some = Object.fromEntries(
    Object.entries(state).filter(([key]) => attributes.includes(key)),
  );
  return {
    data: { ...data, state: some, buffer_paths: kept.map(([path]) => path) },
    buffers: kept.map(([, buffer]) => buffer ?? new Uint8Array()),
  };
}
