/**
 * When a change is shown: the first few after a pause without a wait; then, while changes keep
 * coming, one per animation frame.
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

/** Calls back after the events that have come already, in a task of its own; never throttled. */
export type NextTask = (callback: () => void) => void;

let channel: MessageChannel | null = null;
const tasks: (() => void)[] = [];

export const nextTask: NextTask = (callback) => {
  if (!channel) {
    channel = new MessageChannel();
    channel.port1.onmessage = () => tasks.shift()?.();
  }
  tasks.push(callback);
  channel.port2.postMessage(null);
};

/** A run of one small cell: asked for, and what came of it. */
const AT_ONCE = 4;

/**
 * Runs `show`: at once for what a person did; for what came from afar once all has been taken
 * that waits beside it (a browser holds messages back until a key's frame is drawn, and then
 * has several); with the next frame when it ran often already since the last pause.
 */
export class Paced {
  readonly #show: () => void;
  readonly #nextFrame: NextFrame;
  readonly #nextTask: NextTask;
  #cancel: (() => void) | null = null;
  #isDue = false;
  #isComing = false;
  #left = AT_ONCE;

  constructor(show: () => void, frame: NextFrame, task: NextTask) {
    this.#show = show;
    this.#nextFrame = frame;
    this.#nextTask = task;
  }

  /** What a person did. */
  request(): void {
    if (this.#left === 0) this.#isDue = true;
    else this.#showNow();
  }

  /** What came from afar. */
  requestSoon(): void {
    if (this.#left === 0) this.#isDue = true;
    else if (!this.#isComing) {
      this.#isComing = true;
      this.#nextTask(() => {
        if (!this.#isComing) return;
        this.#isComing = false;
        this.request();
      });
    }
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#isDue = false;
    this.#isComing = false;
    this.#left = AT_ONCE;
  }

  #showNow(): void {
    this.#isComing = false;
    this.#left -= 1;
    if (!this.#cancel) this.#await();
    this.#show();
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
