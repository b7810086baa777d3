/** Which page an address names, and how one gets from page to page without loading anew. */

import { useSyncExternalStore } from "react";
import { flushSync } from "react-dom";

export type Route =
  | { readonly page: "home"; readonly path: string }
  | { readonly page: "notebook"; readonly path: string }
  | { readonly page: "view"; readonly path: string };

/**
 * `path` is the address's, decoded part by part. `base` ends with `/`; where the page is
 * hosted apart it ends with `#/`, since such a host has the one document and no other.
 */
export function routeOf(address: URL, base: URL): Route {
  if (base.hash !== "") {
    return routeOf(new URL(address.hash.slice(2), ELSEWHERE), ELSEWHERE);
  }
  const below = address.pathname.startsWith(base.pathname)
    ? address.pathname.slice(base.pathname.length)
    : "";
  const [page, ...parts] = below.split("/");
  if ((page === "notebook" || page === "view") && parts.length > 0) {
    return { page, path: parts.map(decoded).join("/") };
  }
  return { page: "home", path: address.searchParams.get("path") ?? "" };
}

const ELSEWHERE = new URL("http://elsewhere/");

/** A `%` that stands for itself is left as it is. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function notebookAddress(base: URL, path: string): string {
  return addressOf(base, "notebook", path);
}

/** Of the page that shows a file which is no notebook. */
export function viewAddress(base: URL, path: string): string {
  return addressOf(base, "view", path);
}

function addressOf(base: URL, page: string, path: string): string {
  const parts = path.split("/").map(encodeURIComponent).join("/");
  return below(base, `${page}/${parts}`);
}

export function folderAddress(base: URL, path: string): string {
  return below(base, path === "" ? "" : `?${new URLSearchParams({ path })}`);
}

function below(base: URL, rest: string): string {
  if (base.hash === "") return new URL(rest, base).href;
  const address = new URL(base);
  address.hash = `#/${rest}`;
  return address.href;
}

/** The page that is shown has another address now. */
export function rename(address: string): void {
  history.replaceState(null, "", address);
  tell();
}

const listeners = new Set<() => void>();

function tell() {
  for (const listener of listeners) listener();
}

export function go(address: string): void {
  history.pushState(null, "", address);
  flushSync(tell);
  window.scrollTo(0, 0);
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  window.addEventListener("popstate", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("popstate", listener);
  };
}

/** The address the page is at; wakes when one goes elsewhere within it. */
export function useAddress(): string {
  return useSyncExternalStore(subscribe, () => location.href);
}
