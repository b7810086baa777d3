/**
 * When to try again: at once, then ever more slowly, with jitter so that a hundred pages do not
 * come back in one instant; sooner when the network or the person comes back.
 *
 * Decides only when; what is tried is the connection's.
 */

export const FIRST_DELAY_MS = 50; // a server that restarts is often back by then
export const LONGEST_DELAY_MS = 10_000;
export const HIDDEN_DELAY_MS = 60_000; // nobody looks
export const SLOW_DELAY_MS = 5_000; // the server asked for it (4429)

/** The clock and the world as the page sees them; tests wind them by hand. */
export interface Surroundings {
  now(): number;
  /** In [0, 1). */
  random(): number;
  /** Calls back after `ms`; returns what takes the call back. */
  after(ms: number, callback: () => void): () => void;
  isHidden(): boolean;
  /** Calls back when the page is shown, or the network is there, again. */
  onReturn(callback: () => void): () => void;
}

export const pageSurroundings: Surroundings = {
  now: () => Date.now(),
  random: () => Math.random(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
  isHidden: () => document.hidden,
  onReturn: (callback) => {
    const ifShown = () => {
      if (!document.hidden) callback();
    };
    document.addEventListener("visibilitychange", ifShown);
    window.addEventListener("online", callback);
    window.addEventListener("pageshow", ifShown);
    return () => {
      document.removeEventListener("visibilitychange", ifShown);
      window.removeEventListener("online", callback);
      window.removeEventListener("pageshow", ifShown);
    };
  },
};

/** The delay before attempt `attempt` (the first is 1), between half and all of its step. */
export function delayBefore(attempt: number, random: number, isHidden: boolean): number {
  const longest = isHidden ? HIDDEN_DELAY_MS : LONGEST_DELAY_MS;
  const step = Math.min(longest, FIRST_DELAY_MS * 2 ** Math.min(attempt - 1, 16));
  return step * (0.5 + random / 2);
}

export interface Waiting {
  readonly attempt: number;
  readonly retryAt: number;
}

export class Reconnect {
  readonly #try: () => void;
  readonly #world: Surroundings;
  readonly #stopListening: () => void;
  #attempt = 0;
  #cancel: (() => void) | null = null;

  /** `tryNow` is called when it is time; it ends in `succeeded` or `failed`. */
  constructor(tryNow: () => void, world: Surroundings) {
    this.#try = tryNow;
    this.#world = world;
    this.#stopListening = world.onReturn(() => this.now());
  }

  get attempt(): number {
    return this.#attempt;
  }

  /** The connection broke or did not come up: when it will be tried again. */
  failed(atLeastMs = 0): Waiting {
    this.#cancel?.();
    this.#attempt += 1;
    const { now, random, isHidden } = this.#world;
    const delay = Math.max(atLeastMs, delayBefore(this.#attempt, random(), isHidden()));
    this.#cancel = this.#world.after(delay, () => {
      this.#cancel = null;
      this.#try();
    });
    return { attempt: this.#attempt, retryAt: now() + delay };
  }

  succeeded(): void {
    this.#attempt = 0;
  }

  /** Do not wait any longer; nothing when nothing waits. */
  now(): void {
    if (!this.#cancel) return;
    this.#cancel();
    this.#cancel = null;
    this.#try();
  }

  stopWaiting(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  stop(): void {
    this.stopWaiting();
    this.#stopListening();
  }
}
