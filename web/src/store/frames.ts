/**
 * When a change is shown: the first few after a pause at once, so that what a person did answers
 * without a wait; then, while changes keep coming, one per animation frame.
 *
 * While a page is hidden there are no animation frames; a timer stands in for them, so that a
 * notebook in another tab is up to date when one comes back to it.
 */

const HIDDEN_FRAME_MS = 250;

/** Calls back once, before the next paint; returns what takes the call back. */
export type NextFrame = (callback: () => void) => () => void;

export const nextFrame: NextFrame = (callback) => {
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    callback();
  };
  const frame = requestAnimationFrame(once);
  const timer = setTimeout(once, HIDDEN_FRAME_MS);
  return () => {
    done = true;
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
};

/** A run of one small cell: asked for, queued, started, printed, finished. */
const AT_ONCE = 4;

/** Runs `show` now, or with the next frame when it ran often already since the last pause. */
export class Paced {
  readonly #show: () => void;
  readonly #nextFrame: NextFrame;
  #cancel: (() => void) | null = null;
  #isDue = false;
  #left = AT_ONCE;

  constructor(show: () => void, frame: NextFrame) {
    this.#show = show;
    this.#nextFrame = frame;
  }

  request(): void {
    if (this.#left === 0) {
      this.#isDue = true;
      return;
    }
    this.#left -= 1;
    if (!this.#cancel) this.#await();
    this.#show();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#isDue = false;
    this.#left = AT_ONCE;
  }

  #await(): void {
    this.#cancel = this.#nextFrame(() => {
      this.#cancel = null;
      if (!this.#isDue) {
        this.#left = AT_ONCE;
        return;
      }
      this.#isDue = false;
      this.#left = 0;
      this.#await();
      this.#show();
    });
  }
}
