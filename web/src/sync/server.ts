/**
 * The server over HTTP: where it is, who we are there, requests that fail with a reason (SYNC-2).
 *
 * The page's anti-forgery token is asked for once, and again when the server says it is old.
 */

import { SUBPROTOCOL } from "../protocol/codec";
import type { Address } from "./socket";

export class ServerError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The server cannot be reached at all. */
export class Unreachable extends ServerError {
  constructor(cause: unknown) {
    super(0, "network", "the server cannot be reached");
    this.cause = cause;
  }
}

export interface Me {
  readonly name: string;
  readonly may: readonly string[];
  readonly token: string | null;
}

/** A notebook as `POST /api/v1/notebooks` names it (SYNC-1). */
export interface NotebookPlace {
  readonly notebook_id: string;
  readonly path: string;
  readonly name: string;
}

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export class Server {
  readonly base: URL;
  readonly #fetch: Fetch;
  #me: Promise<Me> | null = null;

  /** `base` ends with `/`. `fetch` is given by tests and by programs with a bearer token. */
  constructor(base: URL, fetch: Fetch = (url, init) => globalThis.fetch(url, init)) {
    this.base = base;
    this.#fetch = fetch;
  }

  /** The server that this page came from. */
  static ofPage(): Server {
    const meta = document.querySelector<HTMLMetaElement>('meta[name="tailrace-base"]');
    return new Server(new URL(meta?.content ?? "/", location.href));
  }

  url(path: string): string {
    return new URL(path, this.base).href;
  }

  /** Of a notebook's session, by WebSocket and by event stream. */
  async address(notebookId: string): Promise<Address> {
    const { token } = await this.me();
    const socketUrl = new URL(`api/v1/notebooks/${notebookId}/socket`, this.base);
    socketUrl.protocol = socketUrl.protocol === "https:" ? "wss:" : "ws:";
    return {
      socketUrl: socketUrl.href,
      protocols: [SUBPROTOCOL],
      streamUrl: this.url(`api/v1/notebooks/${notebookId}/stream`),
      fetch: (url, init) => this.#asked(url, init, token),
      token,
    };
  }

  /** `fetch` as the one we are. */
  #asked(url: string, init: RequestInit, token: string | null): Promise<Response> {
    const headers = new Headers(init.headers);
    if (token !== null && (init.method ?? "GET") !== "GET") headers.set("x-tailrace-token", token);
    return this.#fetch(url, { ...init, headers, credentials: "same-origin" });
  }

  me(): Promise<Me> {
    if (this.#me === null) {
      const asked = this.request("GET", "api/v1/me").then(
        (response) => response.json() as Promise<Me>,
      );
      this.#me = asked;
      asked.catch(() => {
        if (this.#me === asked) this.#me = null;
      });
    }
    return this.#me;
  }

  /** Who we are is asked anew next time: after a login, or when the token was refused. */
  forgetMe(): void {
    this.#me = null;
  }

  async findNotebook(path: string): Promise<NotebookPlace> {
    const response = await this.request("POST", "api/v1/notebooks", { path });
    return (await response.json()) as NotebookPlace;
  }

  /** Sends a request; a `ServerError` says why it failed. `path` is below `base`. */
  async request(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
    signal?: AbortSignal,
  ): Promise<Response> {
    try {
      return await this.#requestOnce(method, path, body, signal);
    } catch (error) {
      const isOld = error instanceof ServerError && error.code === "auth.anti-forgery";
      if (!isOld) throw error;
      this.forgetMe();
      return this.#requestOnce(method, path, body, signal);
    }
  }

  async #requestOnce(
    method: string,
    path: string,
    body: unknown,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    const headers: { [name: string]: string } = { accept: "application/json" };
    const token = method === "GET" ? null : (await this.me()).token;
    const init: RequestInit = { method, headers };
    if (signal) init.signal = signal;
    if (body instanceof Blob) {
      headers["content-type"] = "application/octet-stream";
      init.body = body;
    } else if (body !== undefined) {
      headers["content-type"] = "application/json";
      init.body = JSON.stringify(body);
    }
    let response: Response;
    try {
      response = await this.#asked(this.url(path), init, token);
    } catch (cause) {
      if (signal?.aborted) throw cause;
      throw new Unreachable(cause);
    }
    if (!response.ok) throw await problemOf(response);
    return response;
  }
}

async function problemOf(response: Response): Promise<ServerError> {
  const text = await response.text();
  try {
    const { code, message } = JSON.parse(text) as { code?: unknown; message?: unknown };
    if (typeof code === "string" && typeof message === "string") {
      return new ServerError(response.status, code, message);
    }
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  return new ServerError(response.status, "http", `the server answered ${response.status}`);
}
