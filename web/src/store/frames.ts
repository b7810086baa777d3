/**
 * When a change is shown: the first at once, then at most one per animation frame.
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

/** Runs `show` now, or with the frame when it ran within this one already. */
export class Paced {
  readonly #show: () => void;
  readonly #nextFrame: NextFrame;
  #cancel: (() => void) | null = null;
  #isDue = false;

  constructor(show: () => void, frame: NextFrame) {
    this.#show = show;
    this.#nextFrame = frame;
  }

  request(): void {
    if (this.#cancel) {
      this.#isDue = true;
      return;
    }
    this.#rest();
    this.#show();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#isDue = false;
  }

  #rest(): void {
    this.#cancel = this.#nextFrame(() => {
      this.#cancel = null;
      if (!this.#isDue) return;
      this.#isDue = false;
      this.#rest();
      this.#show();
    });
  }
}
