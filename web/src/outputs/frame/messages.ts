/**
 * What the page and a frame say to each other over their port. Both ends read what they are
 * given with these functions and drop what they do not know: the frame may run hostile
 * script, and script may speak on the port in its name.
 */

import type { Library } from "./shipped";

export const FORMS = [
  "html",
  "svg",
  "javascript",
  "plotly",
  "vega",
  "audio",
  "video",
  "diagram",
] as const;

export type Shown = (typeof FORMS)[number];

/** From the page. `libraries` says where the scripts are that we ship. */
export type ToFrame =
  | {
      readonly kind: "show";
      readonly form: Shown;
      readonly mime: string;
      readonly value: unknown;
      readonly libraries: Readonly<Record<Library, string>>;
      readonly theme: "light" | "dark";
      /** Whether the frame has a network, so that what is blocked is blocked for good. */
      readonly isOpened: boolean;
    }
  | { readonly kind: "theme"; readonly theme: "light" | "dark" }
  /** Asks for what is drawn as a picture; answered with the same number. */
  | { readonly kind: "take-picture"; readonly ask: number };

/** From the frame. The worst a hostile one can do is grow to `TALLEST_PX`, offer a false
 * picture to a person who asked for one, name a site it would like to load from, or ask,
 * while a person is clicking in it, to open a web page in a new tab. */
export type FromFrame =
  | { readonly kind: "ready" }
  | { readonly kind: "height"; readonly px: number }
  | { readonly kind: "link"; readonly href: string }
  | { readonly kind: "blocked"; readonly host: string }
  | { readonly kind: "picture"; readonly ask: number; readonly picture: Picture | null }
  | { readonly kind: "escape" };

/** `svg` is text, `png` is base64. */
export type Picture =
  | { readonly form: "svg"; readonly svg: string; readonly width: number; readonly height: number }
  | { readonly form: "png"; readonly base64: string };

export const TALLEST_PX = 12_000;
const LONGEST_PICTURE = 40_000_000; // characters

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isForm(value: unknown): value is Shown {
  return FORMS.some((form) => form === value);
}

export function themeOf(value: unknown): "light" | "dark" {
  return value === "dark" ? "dark" : "light";
}

function lengthOf(px: unknown, most: number): number | null {
  if (typeof px !== "number" || !Number.isFinite(px)) return null;
  return Math.min(Math.max(0, Math.ceil(px)), most);
}

export function readFromFrame(message: unknown): FromFrame | null {
  if (!isObject(message)) return null;
  switch (message.kind) {
    case "ready":
    case "escape":
      return { kind: message.kind };
    case "height": {
      const px = lengthOf(message.px, TALLEST_PX);
      return px === null ? null : { kind: "height", px };
    }
    case "link": {
      const { href } = message;
      if (typeof href !== "string" || href.length > 4_000) return null;
      const isWeb = href.startsWith("https://") || href.startsWith("http://");
      return isWeb ? { kind: "link", href } : null;
    }
    case "blocked": {
      const { host } = message;
      // As a URL writes it: no letters that look like others.
      const isHost =
        typeof host === "string" && host.length <= 100 && /^[a-z0-9.-]+(:\d+)?$/.test(host);
      return isHost ? { kind: "blocked", host } : null;
    }
    case "picture": {
      const { ask } = message;
      if (typeof ask !== "number") return null;
      return { kind: "picture", ask, picture: pictureOf(message.picture) };
    }
    default:
      return null;
  }
}

function pictureOf(given: unknown): Picture | null {
  if (!isObject(given)) return null;
  if (given.form === "svg") {
    const { svg } = given;
    const [width, height] = [lengthOf(given.width, 10_000), lengthOf(given.height, 10_000)];
    if (typeof svg !== "string" || svg.length > LONGEST_PICTURE || !width || !height) return null;
    return { form: "svg", svg, width, height };
  }
  const { base64 } = given;
  if (given.form !== "png" || typeof base64 !== "string" || base64.length > LONGEST_PICTURE)
    return null;
  return base64.startsWith("iVBORw0KGgo") ? { form: "png", base64 } : null;
}

export function readToFrame(message: unknown): ToFrame | null {
  if (!isObject(message)) return null;
  if (message.kind === "theme") return { kind: "theme", theme: themeOf(message.theme) };
  if (message.kind === "take-picture") return { kind: "take-picture", ask: Number(message.ask) };
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
      mermaid: address("mermaid"),
    },
    theme: themeOf(message.theme),
    isOpened: message.isOpened === true,
  };
}
