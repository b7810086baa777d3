/** One wire that speaks frames, and the WebSocket as one. Each is opened once. */

import { decodeFrame, encodeFrame } from "../protocol/codec";
import type { ClientFrame, ServerFrame } from "../protocol/generated";

/** Where a session is, and how to ask there. Found before each attempt that needs it. */
export interface Address {
  readonly socketUrl: string;
  /** What the WebSocket offers; with a bearer token, that too. */
  readonly protocols: readonly string[];
  readonly streamUrl: string;
  /** `fetch` with who we are. */
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** The page's anti-forgery token; null for a bearer. */
  readonly token: string | null;
}

/** By what the frames go. */
export type Way = "socket" | "stream";

/** What a connection needs of a socket; the tests' network has one of its own. */
export interface Wire {
  readonly by: Way;
  send(bytes: Uint8Array<ArrayBuffer>): void;
  close(code: number): void;
}

export interface WireListener {
  opened(): void;
  received(bytes: Uint8Array): void;
  /** Called once, also when it never opened (then `wasOpen` is false). */
  closed(code: number, reason: string, wasOpen: boolean): void;
}

export type Transport = (address: Address, listener: WireListener) => Wire;

/** The browser's WebSocket. */
export const webSocketTransport: Transport = (address, listener) => {
  const socket = new WebSocket(address.socketUrl, [...address.protocols]);
  let wasOpen = false;
  socket.binaryType = "arraybuffer";
  socket.onopen = () => {
    wasOpen = true;
    listener.opened();
  };
  socket.onmessage = (event: MessageEvent<ArrayBuffer>) => {
    listener.received(new Uint8Array(event.data));
  };
  socket.onclose = (event) => listener.closed(event.code, event.reason, wasOpen);
  return {
    by: "socket",
    send: (bytes) => socket.send(bytes),
    close: (code) => socket.close(code),
  };
};

export interface FrameListener {
  opened(): void;
  received(frame: ServerFrame): void;
  closed(code: number, reason: string, wasOpen: boolean): void;
}

/**
 * A wire with frames instead of bytes. After `close` it is silent at once: what is still on its
 * way belongs to nobody, and the close is told without waiting for a network that may be gone.
 */
export class FrameSocket {
  readonly #listener: FrameListener;
  readonly #wire: Wire;
  #isOpen = false;
  #isOver = false;

  constructor(address: Address, transport: Transport, listener: FrameListener) {
    this.#listener = listener;
    this.#wire = transport(address, {
      opened: () => {
        if (this.#isOver) return;
        this.#isOpen = true;
        listener.opened();
      },
      received: (bytes) => this.#received(bytes),
      closed: (code, reason, wasOpen) => this.#over(code, reason, wasOpen),
    });
  }

  get by(): Way {
    return this.#wire.by;
  }

  send(frame: ClientFrame): void {
    if (this.#isOpen && !this.#isOver) this.#wire.send(encodeFrame(frame));
  }

  close(code = 1000, reason = ""): void {
    if (this.#isOver) return;
    const wasOpen = this.#isOpen;
    this.#over(code, reason, wasOpen);
    this.#wire.close(code);
  }

  #received(bytes: Uint8Array): void {
    if (this.#isOver) return;
    let frame: ServerFrame | null;
    try {
      frame = decodeFrame(bytes);
    } catch (error) {
      this.close(4400, error instanceof Error ? error.message : "a frame could not be read");
      return;
    }
    if (frame) this.#listener.received(frame);
  }

  #over(code: number, reason: string, wasOpen: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener.closed(code, reason, wasOpen);
  }
}
