/** A page's surroundings whose time passes when the test says so, and whose chance is seeded. */

import type { Surroundings } from "../../src/sync/reconnect";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

export class HandWoundWorld implements Surroundings {
  isPageHidden = false;
  #now = 1_000_000;
  #order = 0;
  #timers: Timer[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #chance: () => number;

  constructor(seed = 1) {
    this.#chance = seeded(seed);
  }

  readonly now = (): number => this.#now;
  readonly random = (): number => this.#chance();
  readonly isHidden = (): boolean => this.isPageHidden;

  readonly after = (ms: number, callback: () => void): (() => void) => {
    const timer = { at: this.#now + ms, order: this.#order++, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  };

  readonly onReturn = (callback: () => void): (() => void) => {
    this.#listeners.add(callback);
    return () => this.#listeners.delete(callback);
  };

  /** The page is shown again, or the network came back. */
  comeBack(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** Lets `ms` pass: every timer in its turn, and what is promised in between. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const next = this.#timers
        .filter((timer) => timer.at <= end)
        .sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await settled();
    }
    this.#now = end;
  }
}

/** Everything that was promised and needs no time has happened. */
export async function settled(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
