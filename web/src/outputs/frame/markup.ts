/**
 * Sets markup in the frame and runs its scripts one after the other, as a parser would.
 * Libraries that an output asks of a CDN and that we ship come from us.
 */

import { type Library, libraryAt } from "./shipped";

export type Addresses = Readonly<Record<Library, string>>;

let shipped: Addresses | null = null;

export async function load(address: string): Promise<void> {
  if (document.querySelector(`script[src="${CSS.escape(address)}"]`)) return;
  await new Promise<void>((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error(`${address} did not load`));
    document.head.append(script);
  });
}

/** From now on scripts named by a CDN's address are ours, where we ship them. */
export function serveShipped(addresses: Addresses): void {
  const isFirst = shipped === null;
  shipped = addresses;
  const own = Object.getOwnPropertyDescriptor(HTMLScriptElement.prototype, "src");
  if (!isFirst || !own?.set || !own.get) return;
  const { get, set } = own;
  Object.defineProperty(HTMLScriptElement.prototype, "src", {
    configurable: true,
    enumerable: true,
    get,
    set(this: HTMLScriptElement, address: string) {
      const library = libraryAt(String(address));
      if (library) this.removeAttribute("integrity"); // it names the other copy's bytes
      set.call(this, library && shipped ? shipped[library] : address);
    },
  });
}

const BARE_IMPORT = /^\s*import\s*(["'])(https:[^"']+)\1;?/gm;

/** The script's text; libraries that it imports and that we ship are loaded before it runs. */
async function withShipped(script: HTMLScriptElement): Promise<string> {
  const text = script.textContent ?? "";
  if (script.type !== "module") return text;
  const wanted = new Set<Library>();
  const rest = text.replace(BARE_IMPORT, (whole, _quote, address: string) => {
    const library = libraryAt(address);
    if (library) wanted.add(library);
    return library ? "" : whole;
  });
  for (const library of wanted) await load(shipped?.[library] ?? "");
  return rest;
}

export async function setMarkup(place: HTMLElement, markup: string): Promise<void> {
  place.innerHTML = markup;
  for (const dead of [...place.querySelectorAll("script")]) {
    if (!(dead instanceof HTMLScriptElement)) continue; // a drawing's own scripts stay still
    const live = document.createElement("script");
    for (const { name, value } of dead.attributes)
      if (name !== "src") live.setAttribute(name, value);
    if (dead.src !== "") live.src = dead.src;
    live.textContent = await withShipped(dead);
    const waits = live.src !== "" && !live.async;
    const settled = new Promise((resolve) => {
      live.onload = live.onerror = resolve;
    });
    dead.replaceWith(live);
    if (waits) await settled;
  }
}

const LOADS = "script[src], link[href], iframe[src], img[src]";

/** What the documents inside of this one (`srcdoc`) load from elsewhere: a frame in a frame
 * is blocked without our being told. */
export function sitesInside(place: ParentNode): string[] {
  const found = new Set<string>();
  for (const inner of place.querySelectorAll("iframe[srcdoc]")) {
    const parsed = new DOMParser().parseFromString(inner.getAttribute("srcdoc") ?? "", "text/html");
    for (const element of parsed.querySelectorAll(LOADS)) {
      const address = element.getAttribute("src") ?? element.getAttribute("href") ?? "";
      const url = URL.parse(address.startsWith("//") ? `https:${address}` : address);
      if (url?.protocol === "https:") found.add(url.host);
    }
  }
  return [...found];
}
