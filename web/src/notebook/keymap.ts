/** Reads the keys of command mode, Jupyter's, and finds the commands they mean. */

import { COMMANDS, type Command } from "./commands";

const SEQUENCE_MS = 900; // between the two keys of `D D`

/** Reads key presses one by one and finds the commands they mean. */
export class Keys {
  readonly #byKey = new Map<string, Command>();
  #first: { readonly key: string; readonly at: number } | null = null;

  constructor(commands: readonly Command[] = COMMANDS) {
    for (const command of commands) for (const key of command.keys) this.#byKey.set(key, command);
  }

  /** The command of this press; `"wait"` for the first of two keys; null for none. */
  read(name: string, at: number): Command | "wait" | null {
    const first = this.#first;
    this.#first = null;
    if (first && at - first.at < SEQUENCE_MS) {
      const both = this.#byKey.get(`${first.key} ${name}`);
      if (both) return both;
    }
    const single = this.#byKey.get(name);
    if (single) return single;
    const begins = [...this.#byKey.keys()].some((keys) => keys.startsWith(`${name} `));
    if (!begins) return null;
    this.#first = { key: name, at };
    return "wait";
  }
}
