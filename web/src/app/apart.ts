/**
 * The page hosted apart from its server: which server that is, and who we are there.
 *
 * The server is named in `tailrace.json` beside the page's document. Where that names none, it
 * is chosen by `?server=` or in a form, and kept in this browser; what a site's owner named is
 * not for an address to change. Logins are kept by server: no server is shown another's.
 */

import { type Bearer, Server } from "../sync/server";

const CHOSEN = "tailrace.server";

export interface Site {
  /** Null: nobody has said yet. */
  readonly server: URL | null;
  readonly mayChoose: boolean;
}

/** Whether this document came from a Tailrace server, which says so in it. */
export function isFromServer(): boolean {
  return document.querySelector('meta[name="tailrace-base"]') !== null;
}

/** An address that a server can have, with a `/` at its end; null for anything else. */
export function serverAddress(text: string): URL | null {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`);
    if (url.protocol !== "http:" && url.protocol !== "https:") return null;
    url.search = "";
    url.hash = "";
    url.username = "";
    url.password = "";
    if (!url.pathname.endsWith("/")) url.pathname += "/";
    return url;
  } catch {
    return null;
  }
}

export async function findSite(): Promise<Site> {
  const named = await namedServer();
  if (named) return { server: named, mayChoose: false };
  const address = new URL(location.href);
  const asked = serverAddress(address.searchParams.get("server") ?? "");
  if (asked) {
    localStorage.setItem(CHOSEN, asked.href);
    address.searchParams.delete("server");
    history.replaceState(null, "", address.href);
  }
  return { server: serverAddress(localStorage.getItem(CHOSEN) ?? ""), mayChoose: true };
}

export function chooseServer(server: URL | null): void {
  if (server) localStorage.setItem(CHOSEN, server.href);
  else localStorage.removeItem(CHOSEN);
}

async function namedServer(): Promise<URL | null> {
  const answer = await fetch(new URL("tailrace.json", document.baseURI), { cache: "no-cache" });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`tailrace.json: the host answered ${answer.status}`);
  const { server } = (await answer.json()) as { readonly server?: unknown };
  if (server === null || server === undefined) return null;
  const found = typeof server === "string" ? serverAddress(server) : null;
  if (!found) throw new Error("tailrace.json names no server that can be asked");
  return found;
}

// ── who we are ───────────────────────────────────────────────────────────────

function loginKey(server: URL): string {
  return `tailrace.login ${server.href}`;
}

function bearerFor(server: URL): Bearer {
  const key = loginKey(server);
  return { get: () => sessionStorage.getItem(key) ?? localStorage.getItem(key) };
}

export function serverApart(server: URL): Server {
  const pageBase = new URL(location.href);
  pageBase.search = "";
  pageBase.hash = "#/";
  return new Server(server, (url, init) => globalThis.fetch(url, init), {
    bearer: bearerFor(server),
    pageBase,
  });
}

/** Logs in by a token, or by an address as `tailrace url` prints it. Rejects with the reason. */
export async function logIn(server: Server, said: string, isKept: boolean): Promise<void> {
  const code = /[?&]code=([\w-]+)/.exec(said)?.[1];
  const bearer = await server.logIn(code ? { code } : { token: said.trim() });
  const key = loginKey(server.base);
  sessionStorage.setItem(key, bearer);
  if (isKept) localStorage.setItem(key, bearer);
  server.forgetMe();
}

export function forgetLogin(server: URL): void {
  sessionStorage.removeItem(loginKey(server));
  localStorage.removeItem(loginKey(server));
}
