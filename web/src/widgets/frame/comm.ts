/** A widget's comm inside the frame, as `@jupyter-widgets/base` expects one. */

import type { ICallbacks, IClassicComm } from "@jupyter-widgets/base";
import type { FromFrame } from "../messages";
import { isObject } from "../messages";

type Callback = (message: unknown) => void;
type Say = (message: FromFrame) => void;

/** Names messages, and calls back those who wait for the kernel to be done with theirs. */
export class Outbox {
  readonly say: Say;
  #prefix = "";
  #count = 0;
  readonly #waiting = new Map<string, (problem: string | null) => void>();

  readonly complain: (problem: string) => void;

  constructor(say: Say, complain: (problem: string) => void) {
    this.say = say;
    this.complain = complain;
  }

  begin(prefix: string): void {
    this.#prefix = prefix;
  }

  nextId(settled: (problem: string | null) => void): string {
    this.#count += 1;
    const id = `${this.#prefix}${this.#count}`;
    this.#waiting.set(id, settled);
    return id;
  }

  settle(id: string, problem: string | null): void {
    const settled = this.#waiting.get(id);
    this.#waiting.delete(id);
    settled?.(problem);
  }
}

export class PortComm implements IClassicComm {
  readonly comm_id: string;
  readonly target_name = "jupyter.widget";
  readonly #outbox: Outbox;
  #onMessage: Callback | null = null;
  #onClose: Callback | null = null;
  /** Attributes by the message that changed them, while the page has not said that it has it. */
  readonly #unheard = new Map<string, readonly string[]>();

  constructor(comm_id: string, outbox: Outbox) {
    this.comm_id = comm_id;
    this.#outbox = outbox;
  }

  open(data: unknown, callbacks?: ICallbacks, metadata?: unknown, buffers?: unknown): string {
    return this.#post("open", data, callbacks, metadata, buffers);
  }

  send(data: unknown, callbacks?: ICallbacks, metadata?: unknown, buffers?: unknown): string {
    return this.#post("send", data, callbacks, metadata, buffers);
  }

  close(): string {
    this.#outbox.say({ kind: "close", comm_id: this.comm_id });
    return "";
  }

  on_msg(callback: Callback): void {
    this.#onMessage = callback;
  }

  on_close(callback: Callback): void {
    this.#onClose = callback;
  }

  /** Whether a newer value of an attribute is on its way to the page: what the page says of it
   * was said before it knew (WID-5). */
  isUnheard(attribute: string): boolean {
    return [...this.#unheard.values()].some((attributes) => attributes.includes(attribute));
  }

  deliver(message: unknown): void {
    this.#onMessage?.(message);
  }

  closed(): void {
    this.#onClose?.({ content: { comm_id: this.comm_id, data: {} } });
  }

  #post(
    kind: "open" | "send",
    data: unknown,
    callbacks: ICallbacks | undefined,
    metadata: unknown,
    buffers: unknown,
  ): string {
    const message_id = this.#outbox.nextId((problem) => {
      this.#unheard.delete(message_id);
      callbacks?.iopub?.status?.(STATUS_IDLE);
      if (problem !== null) this.#outbox.complain(problem);
    });
    const plain = asPlain(data);
    if (plain.method === "update" && isObject(plain.state))
      this.#unheard.set(message_id, Object.keys(plain.state));
    this.#outbox.say({
      kind,
      message_id,
      comm_id: this.comm_id,
      data: plain,
      metadata: asPlain(metadata ?? {}),
      buffers: Array.isArray(buffers) ? buffers.map(bytesOf) : [],
    });
    return message_id;
  }
}

// What base reads of it is one field.
const STATUS_IDLE = { content: { execution_state: "idle" } } as never;

/** Data that a message can carry: what JSON would make of it. */
function asPlain(value: unknown): { readonly [key: string]: unknown } {
  return JSON.parse(JSON.stringify(value ?? {}));
}

function bytesOf(buffer: unknown): Uint8Array {
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer.slice(0));
  if (ArrayBuffer.isView(buffer)) {
    const { byteOffset, byteLength } = buffer;
    return new Uint8Array(buffer.buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer);
  }
  throw new TypeError("a widget's buffer is no buffer");
}

/** A copy of its own, as widgets expect it. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.slice().buffer);
}
