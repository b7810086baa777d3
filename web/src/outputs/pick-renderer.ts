/**
 * Which form of a MIME bundle is shown, and by what. Two rooms: `page` forms are drawn by
 * us, as text and elements we make; `frame` forms may run script and live in the sandbox.
 */

import { TABLE_MIME } from "./table/table-value";

export type Drawer =
  | { readonly kind: "table"; readonly mime: string }
  | { readonly kind: "plotly"; readonly mime: string }
  | { readonly kind: "vega"; readonly mime: string }
  | { readonly kind: "widget"; readonly mime: string }
  | { readonly kind: "html"; readonly mime: string }
  | { readonly kind: "javascript"; readonly mime: string }
  | { readonly kind: "svg"; readonly mime: string }
  | { readonly kind: "image"; readonly mime: string }
  | { readonly kind: "markdown"; readonly mime: string }
  | { readonly kind: "latex"; readonly mime: string }
  | { readonly kind: "pdf"; readonly mime: string }
  | { readonly kind: "audio"; readonly mime: string }
  | { readonly kind: "video"; readonly mime: string }
  | { readonly kind: "json"; readonly mime: string }
  | { readonly kind: "text"; readonly mime: string };

const EXACT: ReadonlyMap<string, Drawer["kind"]> = new Map([
  [TABLE_MIME, "table"],
  ["application/vnd.plotly.v1+json", "plotly"],
  ["application/vnd.jupyter.widget-view+json", "widget"],
  ["text/html", "html"],
  ["application/javascript", "javascript"],
  ["text/javascript", "javascript"],
  ["image/svg+xml", "svg"],
  ["image/png", "image"],
  ["image/jpeg", "image"],
  ["image/webp", "image"],
  ["image/gif", "image"],
  ["image/avif", "image"],
  ["image/bmp", "image"],
  ["application/pdf", "pdf"],
  ["text/markdown", "markdown"],
  ["text/latex", "latex"],
  ["application/geo+json", "json"],
  ["application/json", "json"],
  ["text/plain", "text"],
]);

/** Richest first; within one kind the order of the table above. */
const RICHEST: readonly Drawer["kind"][] = [
  "widget",
  "table",
  "plotly",
  "vega",
  "html",
  "javascript",
  "markdown",
  "svg",
  "latex",
  "pdf",
  "video",
  "audio",
  "image",
  "json",
  "text",
];

const FAMILIES: readonly (readonly [RegExp, Drawer["kind"]])[] = [
  [/^application\/vnd\.vega(lite)?\.v\d+(\.\d+)*\+json$/, "vega"],
  [/^audio\/[\w.+-]+$/, "audio"],
  [/^video\/[\w.+-]+$/, "video"],
];

/** Forms of programs that we do not know: shown where the bundle has nothing better. */
const FOREIGN: readonly (readonly [RegExp, Drawer["kind"]])[] = [
  [/^application\/[\w.-]+\+json$/, "json"],
  [/^text\/[\w.+-]+$/, "text"],
];

function familyOf(mime: string, families: typeof FAMILIES): Drawer["kind"] | null {
  return families.find(([pattern]) => pattern.test(mime))?.[1] ?? null;
}

function kindOf(mime: string): Drawer["kind"] | null {
  return EXACT.get(mime) ?? familyOf(mime, FAMILIES);
}

/** The form to show; null when the bundle holds nothing that we can show. */
export function pickDrawer(data: Readonly<Record<string, unknown>>): Drawer | null {
  const order = [...EXACT.keys()];
  const rank = (mime: string, kind: Drawer["kind"]) => {
    const place = order.indexOf(mime);
    return RICHEST.indexOf(kind) * 100 + (place === -1 ? 99 : place);
  };
  let best: Drawer | null = null;
  for (const mime of Object.keys(data)) {
    const kind = kindOf(mime);
    if (kind === null) continue;
    if (best === null || rank(mime, kind) < rank(best.mime, best.kind)) best = { kind, mime };
  }
  return best ?? pickForeign(data);
}

function pickForeign(data: Readonly<Record<string, unknown>>): Drawer | null {
  for (const family of FOREIGN) {
    for (const mime of Object.keys(data)) {
      const kind = familyOf(mime, [family]);
      if (kind !== null) return { kind, mime };
    }
  }
  return null;
}

/** Text of a MIME value that notebook files may hold as a list of lines. */
export function asText(value: unknown): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return value.map((part) => String(part)).join("");
  return JSON.stringify(value) ?? "";
}
