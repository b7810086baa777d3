/**
 * Widgets' models as the session has them: who refers to whom, and what a file keeps. Pure.
 *
 * A frame holds the model it shows, all models that one refers to, and those without a view
 * that refer to one it holds (a `jslink` belongs to no cell). WID-3.
 */

import { own } from "../core/lookup";
import type { Comm } from "../protocol/generated";
import { isObject, type ModelState } from "./messages";

export const WIDGET_TARGET = "jupyter.widget";
const REFERENCE = "IPY_MODEL_";

type Comms = { readonly [comm_id: string]: Comm };

/** The saved widgets of a notebook's file, as `application/vnd.jupyter.widget-state+json`. */
export type Saved = { readonly [comm_id: string]: unknown };

/** Ids of the models that a state refers to. */
export function referencesIn(value: unknown, found: Set<string> = new Set()): Set<string> {
  if (typeof value === "string") {
    if (value.startsWith(REFERENCE)) found.add(value.slice(REFERENCE.length));
  } else if (Array.isArray(value)) {
    for (const each of value) referencesIn(each, found);
  } else if (isObject(value)) {
    for (const each of Object.values(value)) referencesIn(each, found);
  }
  return found;
}

interface Facts {
  readonly references: ReadonlySet<string>;
  /** Whether no view is made of it. */
  readonly isViewless: boolean;
}

const known = new WeakMap<object, Facts>();

function factsOf(holder: object, state: unknown): Facts {
  const before = known.get(holder);
  if (before) return before;
  const facts = {
    references: referencesIn(state),
    isViewless: isObject(state) && (state._view_name ?? null) === null,
  };
  known.set(holder, facts);
  return facts;
}

/** The models of a session, and behind them those that its file keeps. */
export class Models {
  readonly #comms: Comms;
  readonly #saved: Saved;

  constructor(comms: Comms, saved: Saved) {
    this.#comms = comms;
    this.#saved = saved;
  }

  state(id: string): ModelState | null {
    const comm = own(this.#comms, id);
    if (comm) {
      if (comm.target !== WIDGET_TARGET) return null;
      const { comm_id, data, buffers } = comm;
      return { comm_id, data, buffers, isLive: true };
    }
    return savedModel(id, own(this.#saved, id));
  }

  /** `ids`, all they refer to, and what without a view refers to these; not what is `held`. */
  around(ids: Iterable<string>, held: ReadonlySet<string>): Set<string> {
    const found = new Set<string>();
    const waiting = [...ids];
    const follow = () => {
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
        if (found.has(id) || held.has(id)) continue;
        const facts = this.#facts(id);
        if (!facts) continue;
        found.add(id);
        waiting.push(...facts.references);
      }
    };
    follow();
    for (let before = -1; before < found.size; ) {
      before = found.size;
      for (const id of this.#viewless()) {
        const references = this.#facts(id)?.references ?? [];
        if (!found.has(id) && [...references].some((each) => found.has(each))) waiting.push(id);
      }
      follow();
    }
    return found;
  }

  #facts(id: string): Facts | null {
    const comm = own(this.#comms, id);
    if (comm) return comm.target === WIDGET_TARGET ? factsOf(comm, comm.data.state) : null;
    const saved = own(this.#saved, id);
    return isObject(saved) ? factsOf(saved, saved.state) : null;
  }

  #viewless(): string[] {
    const live = Object.keys(this.#comms);
    const ids = new Set([...live, ...Object.keys(this.#saved)]);
    return [...ids].filter((id) => this.#facts(id)?.isViewless);
  }
}

/** Models in a notebook's metadata; those that cannot be read are left out. */
export function savedIn(metadata: unknown): Saved {
  if (!isObject(metadata)) return {};
  const kept = metadata["application/vnd.jupyter.widget-state+json"];
  return isObject(kept) && isObject(kept.state) ? kept.state : {};
}

function savedModel(comm_id: string, saved: unknown): ModelState | null {
  if (!isObject(saved) || !isObject(saved.state)) return null;
  const state = {
    _model_name: saved.model_name,
    _model_module: saved.model_module,
    _model_module_version: saved.model_module_version,
    ...saved.state,
  };
  const given = Array.isArray(saved.buffers) ? saved.buffers.filter(isObject) : [];
  const data = { state, buffer_paths: given.map((each) => each.path) };
  return { comm_id, data, buffers: given.map(bytesOf), isLive: false };
}

function bytesOf({ data, encoding }: { readonly [key: string]: unknown }): Uint8Array {
  const text = String(data);
  if (encoding === "hex") {
    return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  }
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
