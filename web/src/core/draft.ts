/**
 * A state in the making, for one batch of records: a map is copied once, not once per record.
 *
 * What is not touched keeps its identity, so that a selector over it stays quiet.
 */

import type { Execution, SessionState } from "../protocol/generated";
import { own } from "./lookup";

type MapName = "executions" | "cells" | "prompts" | "comms";

export class Draft {
  #state: { -readonly [Field in keyof SessionState]: SessionState[Field] };
  #isCopied = false;
  readonly #copied = new Set<MapName>();

  constructor(state: SessionState) {
    this.#state = state;
  }

  /** As folded so far; ours to change until the batch is done. */
  get state(): SessionState {
    return this.#state;
  }

  set(change: Partial<SessionState>): void {
    if (this.#isCopied) Object.assign(this.#state, change);
    else {
      this.#isCopied = true;
      this.#state = { ...this.#state, ...change };
    }
  }

  put<Name extends MapName>(name: Name, key: string, value: SessionState[Name][string]): void {
    // Defined, not assigned: an id may be `__proto__`.
    Object.defineProperty(this.#map(name), key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }

  drop(name: MapName, key: string): void {
    if (Object.hasOwn(this.#state[name], key)) Reflect.deleteProperty(this.#map(name), key);
  }

  execution(id: string | null): Execution | undefined {
    return own(this.#state.executions, id);
  }

  /** The newest execution of a cell. */
  newestOf(cellId: string): Execution | undefined {
    return this.execution(own(this.#state.cells, cellId) ?? null);
  }

  /** The map of that name, ours to change. */
  #map(name: MapName): object {
    if (!this.#copied.has(name)) {
      this.#copied.add(name);
      this.set({ [name]: { ...this.#state[name] } });
    }
    return this.#state[name];
  }
}
