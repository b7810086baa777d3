/**
 * Server-sent events one way and posts the other, as a wire (SYNC-31, SYNC-32).
 *
 * Read by `fetch` and not by `EventSource`, which can neither say who asks nor tell why it was
 * refused. Posts go one after the other, each with all that was said meanwhile.
 */

import { messageOf } from "../core/message-of";
import { closeCodeOf } from "../protocol/close-codes";
import { joinedFrames, SUBPROTOCOL } from "../protocol/codec";
import type { Transport, WireListener } from "./socket";

const POST_BYTES = 4 << 20; // the server takes 12 MiB; less is sooner seen to arrive

export interface ServerSentEvent {
  readonly name: string;
  readonly data: string;
}

/** Cuts text that arrives in any pieces into events; comments are dropped. */
export class EventReader {
  #rest = "";

  read(text: string): ServerSentEvent[] {
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    return blocks.flatMap((block) => {
      let name = "message";
      const data: string[] = [];
      for (const line of block.split("\n")) {
        if (line.startsWith("event: ")) name = line.slice(7);
        else if (line.startsWith("data: ")) data.push(line.slice(6));
      }
      return data.length > 0 ? [{ name, data: data.join("\n") }] : [];
    });
  }
}

export const eventStreamTransport: Transport = (address, listener) => {
  const stream = new Stream(address.streamUrl, address.fetch, listener);
  void stream.run();
  return { by: "stream", send: (bytes) => stream.send(bytes), close: () => stream.close() };
};

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

class Stream {
  readonly #url: string;
  readonly #fetch: Fetch;
  readonly #listener: WireListener;
  readonly #abort = new AbortController();
  readonly #unsent: Uint8Array<ArrayBuffer>[] = [];
  #streamId: string | null = null;
  #isPosting = false;
  #isOver = false;

  constructor(url: string, fetch: Fetch, listener: WireListener) {
    this.#url = url;
    this.#fetch = fetch;
    this.#listener = listener;
  }

  async run(): Promise<void> {
    const { signal } = this.#abort;
    try {
      const answer = await this.#fetch(`${this.#url}?protocol=${SUBPROTOCOL}`, {
        headers: { accept: "text/event-stream" },
        cache: "no-store",
        signal,
      });
      if (!answer.ok || !answer.body) {
        this.#over(closeCodeOf(answer.status), `the server answered ${answer.status}`);
        return;
      }
      const reader = answer.body.getReader();
      const decoder = new TextDecoder();
      const events = new EventReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        for (const event of events.read(decoder.decode(value, { stream: true }))) {
          this.#happened(event);
        }
      }
      this.#over(1006, "the stream ended");
    } catch (error) {
      this.#over(1006, messageOf(error));
    }
  }

  send(bytes: Uint8Array<ArrayBuffer>): void {
    this.#unsent.push(bytes);
    if (!this.#isPosting) void this.#post();
  }

  /** From here: nobody is told. */
  close(): void {
    this.#isOver = true;
    this.#abort.abort();
  }

  #happened({ name, data }: ServerSentEvent): void {
    if (this.#isOver) return;
    if (name === "stream") {
      this.#streamId = data;
      this.#listener.opened();
    } else if (name === "frame") {
      this.#listener.received(bytesOf(data));
    } else if (name === "close") {
      const { code, reason } = JSON.parse(data) as { code: number; reason: string };
      this.#over(code, reason);
    }
  }

  async #post(): Promise<void> {
    this.#isPosting = true;
    try {
      while (this.#unsent.length > 0 && !this.#isOver) {
        const answer = await this.#fetch(`${this.#url}/${this.#streamId}`, {
          method: "POST",
          headers: { "content-type": "application/msgpack" },
          body: joinedFrames(this.#next()),
          signal: this.#abort.signal,
        });
        if (!answer.ok) this.#over(closeCodeOf(answer.status), "");
      }
    } catch (error) {
      this.#over(1006, messageOf(error));
    } finally {
      this.#isPosting = false;
    }
  }

  /** As many of the waiting frames as one post shall have; at least one. */
  #next(): Uint8Array<ArrayBuffer>[] {
    let size = 0;
    let count = 0;
    for (const bytes of this.#unsent) {
      size += bytes.length;
      if (count > 0 && size > POST_BYTES) break;
      count += 1;
    }
    return this.#unsent.splice(0, count);
  }

  #over(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#abort.abort();
    this.#listener.closed(code, reason, this.#streamId !== null);
  }
}

function bytesOf(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}
