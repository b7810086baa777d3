/**
 * What the page and a frame that shows widgets say to each other. Both ends read what they
 * are given with these functions and drop what they do not know: the frame runs other
 * people's script, and script may speak on the port in its name. Rules WID-1, WID-2.
 */

/** A widget's comm, or what a notebook's file keeps of one (`isLive` false). */
export interface ModelState {
  readonly comm_id: string;
  readonly data: { readonly [key: string]: unknown };
  readonly buffers: readonly Uint8Array[];
  readonly isLive: boolean;
  /** What was said since, to be heard before a view is made. */
  readonly said?: readonly Said[];
}

export interface Said {
  readonly data: { readonly [key: string]: unknown };
  readonly buffers: readonly Uint8Array[];
  readonly leads: boolean;
}

/** A file of a front-end extension. */
export interface ModuleFile {
  readonly type: string;
  readonly content: ArrayBuffer;
}

export type ToFrame =
  /** Comes once, first. Ids of messages that this frame sends begin with `prefix`. */
  | {
      readonly kind: "show-view";
      readonly model_id: string;
      readonly prefix: string;
      readonly libraries: { readonly [name: string]: string };
      readonly theme: Theme;
    }
  /** What was asked for, and what goes with it. `missing` are nowhere. */
  | {
      readonly kind: "models";
      readonly models: readonly ModelState[];
      readonly missing: readonly string[];
    }
  /** `leads`: what follows from this message in the browser alone is to be sent by this frame. */
  | {
      readonly kind: "comm-message";
      readonly comm_id: string;
      readonly data: { readonly [key: string]: unknown };
      readonly buffers: readonly Uint8Array[];
      readonly leads: boolean;
    }
  | { readonly kind: "comm-closed"; readonly comm_id: string }
  /** The kernel has done with a message, or will never get it (`problem`). */
  | {
      readonly kind: "settled";
      readonly message_id: string;
      readonly problem: string | null;
    }
  /** The kernel of all these models is gone. */
  | { readonly kind: "kernel-gone" }
  | {
      readonly kind: "module-file";
      readonly ask: number;
      readonly file: ModuleFile | null;
      readonly problem: string;
    }
  | { readonly kind: "theme"; readonly theme: Theme };

export type Theme = "light" | "dark";

export type FromFrame =
  | { readonly kind: "want"; readonly comm_ids: readonly string[] }
  | {
      readonly kind: "send";
      readonly message_id: string;
      readonly comm_id: string;
      readonly data: { readonly [key: string]: unknown };
      readonly metadata: { readonly [key: string]: unknown };
      readonly buffers: readonly Uint8Array[];
    }
  | {
      readonly kind: "open";
      readonly message_id: string;
      readonly comm_id: string;
      readonly data: { readonly [key: string]: unknown };
      readonly metadata: { readonly [key: string]: unknown };
      readonly buffers: readonly Uint8Array[];
    }
  | { readonly kind: "close"; readonly comm_id: string }
  | { readonly kind: "module"; readonly ask: number; readonly path: string };

const WANTED_MOST = 10_000;
const PATH_MOST = 512;
const ID = /^[A-Za-z0-9_-]{1,128}$/;

export function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isId(value: unknown): value is string {
  return typeof value === "string" && ID.test(value);
}

function readBuffers(given: unknown): Uint8Array[] {
  return Array.isArray(given) ? given.filter((each) => each instanceof Uint8Array) : [];
}

/** What the page reads. A frame can do no more than this says. */
export function readFromFrame(message: unknown): FromFrame | null {
  if (!isObject(message)) return null;
  switch (message.kind) {
    case "want": {
      const { comm_ids } = message;
      if (!Array.isArray(comm_ids) || comm_ids.length > WANTED_MOST) return null;
      return { kind: "want", comm_ids: comm_ids.filter(isId) };
    }
    case "send":
    case "open": {
      const { kind, message_id, comm_id, data, metadata } = message;
      if (!isId(message_id) || !isId(comm_id) || !isObject(data)) return null;
      return {
        kind,
        message_id,
        comm_id,
        data,
        metadata: isObject(metadata) ? metadata : {},
        buffers: readBuffers(message.buffers),
      };
    }
    case "close":
      return isId(message.comm_id) ? { kind: "close", comm_id: message.comm_id } : null;
    case "module": {
      const { ask, path } = message;
      if (typeof ask !== "number" || typeof path !== "string" || path.length > PATH_MOST)
        return null;
      return { kind: "module", ask, path };
    }
    default:
      return null;
  }
}

function readModel(given: unknown): ModelState | null {
  if (!isObject(given) || typeof given.comm_id !== "string" || !isObject(given.data)) return null;
  return {
    comm_id: given.comm_id,
    data: given.data,
    buffers: readBuffers(given.buffers),
    isLive: given.isLive === true,
    said: (Array.isArray(given.said) ? given.said : [])
      .map(readSaid)
      .filter((each) => each !== null),
  };
}

function readSaid(given: unknown): Said | null {
  if (!isObject(given) || !isObject(given.data)) return null;
  return { data: given.data, buffers: readBuffers(given.buffers), leads: given.leads === true };
}

function readFile(given: unknown): ModuleFile | null {
  if (!isObject(given) || !(given.content instanceof ArrayBuffer)) return null;
  return { type: String(given.type), content: given.content };
}

function readStrings(given: unknown): string[] {
  return Array.isArray(given) ? given.filter((each) => typeof each === "string") : [];
}

/** What the frame reads. */
export function readToFrame(message: unknown): ToFrame | null {
  if (!isObject(message)) return null;
  switch (message.kind) {
    case "show-view": {
      const libraries = isObject(message.libraries) ? message.libraries : {};
      return {
        kind: "show-view",
        model_id: String(message.model_id),
        prefix: String(message.prefix),
        libraries: Object.fromEntries(
          Object.entries(libraries).map(([name, address]) => [name, String(address)]),
        ),
        theme: message.theme === "dark" ? "dark" : "light",
      };
    }
    case "models": {
      const given = Array.isArray(message.models) ? message.models : [];
      const models = given.map(readModel).filter((each) => each !== null);
      return { kind: "models", models, missing: readStrings(message.missing) };
    }
    case "comm-message":
      if (!isObject(message.data)) return null;
      return {
        kind: "comm-message",
        comm_id: String(message.comm_id),
        data: message.data,
        buffers: readBuffers(message.buffers),
        leads: message.leads === true,
      };
    case "comm-closed":
      return { kind: "comm-closed", comm_id: String(message.comm_id) };
    case "settled": {
      const { problem } = message;
      return {
        kind: "settled",
        message_id: String(message.message_id),
        problem: typeof problem === "string" ? problem : null,
      };
    }
    case "kernel-gone":
      return { kind: "kernel-gone" };
    case "module-file":
      return {
        kind: "module-file",
        ask: Number(message.ask),
        file: readFile(message.file),
        problem: String(message.problem),
      };
    case "theme":
      return { kind: "theme", theme: message.theme === "dark" ? "dark" : "light" };
    default:
      return null;
  }
}
