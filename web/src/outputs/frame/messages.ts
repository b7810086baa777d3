/**
 * What the page and a frame say to each other over their port. Both ends read what they are
 * given with these functions and drop what they do not know: the frame may run hostile
 * script, and script may speak on the port in its name.
 */

import type { Library } from "./shipped";

export type Shown = "html" | "svg" | "javascript" | "plotly" | "vega";

/** From the page. `libraries` says where the scripts are that we ship. */
export type ToFrame =
  | {
      readonly kind: "show";
      readonly form: Shown;
      readonly mime: string;
      readonly value: unknown;
      readonly libraries: Readonly<Record<Library, string>>;
      readonly theme: "light" | "dark";
    }
  | { readonly kind: "theme"; readonly theme: "light" | "dark" };

/** From the frame. The worst a hostile one can do is grow to `TALLEST_PX` or ask, while a
 * person is clicking in it, to open a web page in a new tab. */
export type FromFrame =
  | { readonly kind: "ready" }
  | { readonly kind: "height"; readonly px: number }
  | { readonly kind: "link"; readonly href: string }
  | { readonly kind: "escape" };

export const TALLEST_PX = 12_000;

const FORMS: readonly string[] = ["html", "svg", "javascript", "plotly", "vega"];

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isForm(value: unknown): value is Shown {
  return typeof value === "string" && FORMS.includes(value);
}

function themeOf(value: unknown): "light" | "dark" {
  return value === "dark" ? "dark" : "light";
}

export function readFromFrame(message: unknown): FromFrame | null {
  if (!isObject(message)) return null;
  switch (message.kind) {
    case "ready":
    case "escape":
      return { kind: message.kind };
    case "height": {
      const { px } = message;
      if (typeof px !== "number" || !Number.isFinite(px)) return null;
      return { kind: "height", px: Math.min(Math.max(0, Math.ceil(px)), TALLEST_PX) };
    }
    case "link": {
      const { href } = message;
      if (typeof href !== "string" || href.length > 4_000) return null;
      const isWeb = href.startsWith("https://") || href.startsWith("http://");
      return isWeb ? { kind: "link", href } : null;
    }
    default:
      return null;
  }
}

export function readToFrame(message: unknown): ToFrame | null {
  if (!isObject(message)) return null;
  if (message.kind === "theme") return { kind: "theme", theme: themeOf(message.theme) };
  if (message.kind !== "show" || !isForm(message.form)) return null;
  const given = isObject(message.libraries) ? message.libraries : {};
  const address = (name: Library) => String(given[name] ?? "");
  return {
    kind: "show",
    form: message.form,
    mime: String(message.mime),
    value: message.value,
    libraries: {
      plotly: address("plotly"),
      vega: address("vega"),
      "vega-lite": address("vega-lite"),
      "vega-embed": address("vega-embed"),
    },
    theme: themeOf(message.theme),
  };
}
