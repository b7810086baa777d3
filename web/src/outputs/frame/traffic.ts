/**
 * How much a frame may say. A frame that never stops talking would take the page's time, so
 * past its allowance it is not listened to any more (SEC-25).
 */

const A_SECOND = 120; // heights of an animation come at 40, an answer now and then
const AT_ONCE = 600;

export class Allowance {
  readonly #aSecond: number;
  readonly #atOnce: number;
  #left: number;
  #at: number | null = null;

  constructor(aSecond = A_SECOND, atOnce = AT_ONCE) {
    this.#aSecond = aSecond;
    this.#atOnce = atOnce;
    this.#left = atOnce;
  }

  /** Whether one more message, heard at `now` (milliseconds), is within the allowance. */
  take(now: number): boolean {
    const passed = this.#at === null ? 0 : Math.max(0, now - this.#at);
    this.#at = now;
    this.#left = Math.min(this.#atOnce, this.#left + (passed / 1_000) * this.#aSecond) - 1;
    return this.#left >= 0;
  }
}
