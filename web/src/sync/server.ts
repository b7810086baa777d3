/**
 * The server over HTTP: where it is, who we are there, requests that fail with a reason (SYNC-2).
 *
 * The page's anti-forgery token is asked for once, and again when the server says it is old.
 */

import { SUBPROTOCOL } from "../protocol/codec";
import { fetchAhead } from "./ahead";
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

/** How a page hosted apart says who it is; the page's own server knows it by its cookie. */
export interface Bearer {
  get(): string | null;
}

const TICKET_AGE_MS = 6 * 3_600_000; // it holds a day

export interface Me {
  readonly name: string;
  readonly may: readonly string[];
  readonly token: string | null;
  /** What an image or a link of a page hosted apart brings (SEC-29). */
  readonly ticket?: string | null;
}

/** A notebook as `POST /api/v1/notebooks` names it (SYNC-1). */
export interface NotebookPlace {
  readonly notebook_id: string;
  readonly path: string;
  readonly name: string;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export class Server {
  readonly base: URL;
  /** What addresses within the page begin with: the server's base, or, where the page is
   * hosted apart, its own document and `#/`. */
  readonly pageBase: URL;
  readonly #bearer: Bearer | null;
  readonly #fetch: Fetch;
  #me: Promise<Me> | null = null;
  #askedAt = 0;
  #ticket = "";

  /** `base` ends with `/`. `fetch` is given by tests; `bearer` where the page is hosted apart. */
  constructor(
    base: URL,
    fetch: Fetch = fetchAhead,
    apart: { readonly bearer: Bearer; readonly pageBase: URL } | null = null,
  ) {
    this.base = base;
    this.pageBase = apart?.pageBase ?? base;
    this.#bearer = apart?.bearer ?? null;
    this.#fetch = fetch;
  }

  static #ofPage: Server | null = null;

  /** The server that this page speaks to: the one it came from, unless another was `use`d. */
  static ofPage(): Server {
    if (Server.#ofPage) return Server.#ofPage;
    const meta = document.querySelector<HTMLMetaElement>('meta[name="tailrace-base"]');
    return new Server(new URL(meta?.content ?? "/", location.href));
  }

  static use(server: Server): void {
    Server.#ofPage = server;
  }

  get isApart(): boolean {
    return this.#bearer !== null;
  }

  /**
   * An address for whatever brings no header: an image, a link, a frame. The frame is the
   * server's, whose headers let it be nobody on any host; what else is not of the API is a
   * file of the page itself.
   */
  url(path: string): string {
    if (!this.isApart || path.startsWith("frame.html")) return new URL(path, this.base).href;
    if (!path.startsWith("api/")) return new URL(path, this.pageBase).href;
    const address = new URL(path, this.base);
    if (this.#ticket !== "") address.searchParams.set("ticket", this.#ticket);
    return address.href;
  }

  /** Where a frame may load an asset of ours from, whose address in this page is `asset`. */
  assetUrl(asset: URL): string {
    if (!this.isApart) return asset.href;
    return new URL(`assets/${asset.pathname.split("/").at(-1)}`, this.base).href;
  }

  /** Where one logs in, and then comes back to here. */
  loginUrl(): string {
    if (this.isApart) return location.href;
    return this.url(`login?next=${encodeURIComponent(location.pathname)}`);
  }

  /** Of a notebook's session, by WebSocket and by event stream. */
  async address(notebookId: string): Promise<Address> {
    const { token } = await this.me();
    const socketUrl = new URL(`api/v1/notebooks/${notebookId}/socket`, this.base);
    socketUrl.protocol = socketUrl.protocol === "https:" ? "wss:" : "ws:";
    return {
      socketUrl: socketUrl.href,
      protocols: this.#protocols(),
      streamUrl: new URL(`api/v1/notebooks/${notebookId}/stream`, this.base).href,
      fetch: (url, init) => this.#asked(url, init, token),
      token,
    };
  }

  /** `fetch` as the one we are. */
  #asked(url: string, init: RequestInit, token: string | null): Promise<Response> {
    const headers = new Headers(init.headers);
    if (token !== null && (init.method ?? "GET") !== "GET") headers.set("x-tailrace-token", token);
    const bearer = this.#bearer?.get();
    if (bearer) headers.set("authorization", `Bearer ${bearer}`);
    return this.#fetch(url, {
      ...init,
      headers,
      credentials: this.isApart ? "omit" : "same-origin",
    });
  }

  #protocols(): string[] {
    const bearer = this.#bearer?.get();
    if (!bearer) return [SUBPROTOCOL];
    const encoded = btoa(bearer).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    return [SUBPROTOCOL, `tailrace.bearer.${encoded}`];
  }

  me(): Promise<Me> {
    if (this.#me === null) {
      const asked = this.request("GET", "api/v1/me").then(
        (response) => response.json() as Promise<Me>,
      );
      this.#me = asked;
      this.#askedAt = Date.now();
      asked.then(
        ({ ticket }) => {
          this.#ticket = ticket ?? "";
        },
        () => {}, // whoever asked is told
      );
      asked.catch(() => {
        if (this.#me === asked) this.#me = null;
      });
    }
    return this.#me;
  }

  /** For a page hosted apart: gives the bearer of a new login (SEC-28). */
  async logIn(by: { readonly token: string } | { readonly code: string }): Promise<string> {
    const init = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(by),
      credentials: "omit",
    } as const;
    let answer: Response;
    try {
      answer = await this.#fetch(new URL("api/v1/login", this.base).href, init);
    } catch (cause) {
      throw new Unreachable(cause);
    }
    if (!answer.ok) throw await problemOf(answer);
    const { bearer } = (await answer.json()) as { readonly bearer?: unknown };
    if (typeof bearer !== "string") throw new Error("the server's answer holds no login");
    return bearer;
  }

  /** Who we are is asked anew next time: after a login, or when the token was refused. */
  forgetMe(): void {
    this.#me = null;
  }

  /** `known`: the id it had when it was found before; it is followed where it went. */
  async findNotebook(path: string, known: string | null = null): Promise<NotebookPlace> {
    const response = await this.request("POST", "api/v1/notebooks", {
      path,
      ...(known === null ? {} : { notebook_id: known }),
    });
    return (await response.json()) as NotebookPlace;
  }

  /** Bytes of a file or an output, from `start` to `end`, which is not with them. */
  async readRange(
    path: string,
    start: number,
    end: number,
    signal?: AbortSignal,
  ): Promise<{ readonly bytes: ArrayBuffer; readonly size: number }> {
    if (end <= start) return { bytes: new ArrayBuffer(0), size: 0 };
    const range = `bytes=${start}-${end - 1}`;
    const answer = await this.request("GET", path, undefined, signal, { range });
    const size = Number(/\/(\d+)$/.exec(answer.headers.get("content-range") ?? "")?.[1] ?? 0);
    return { bytes: await answer.arrayBuffer(), size };
  }

  /** Sends a request; a `ServerError` says why it failed. `path` is below `base`. */
  async request(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
    signal?: AbortSignal,
    more: { readonly [name: string]: string } = {},
  ): Promise<Response> {
    if (this.isApart && this.#me && Date.now() - this.#askedAt > TICKET_AGE_MS) this.forgetMe();
    try {
      return await this.#requestOnce(method, path, body, signal, more);
    } catch (error) {
      const isOld = error instanceof ServerError && error.code === "auth.anti-forgery";
      if (!isOld) throw error;
      this.forgetMe();
      return this.#requestOnce(method, path, body, signal, more);
    }
  }

  async #requestOnce(
    method: string,
    path: string,
    body: unknown,
    signal: AbortSignal | undefined,
    more: { readonly [name: string]: string },
  ): Promise<Response> {
    const headers: { [name: string]: string } = { accept: "application/json", ...more };
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
      response = await this.#asked(new URL(path, this.base).href, init, token);
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
