/**
 * Which cells exist in full. Every cell has its place on the page; its contents are made when
 * it comes near the screen and, beyond a number, thrown away again when it is far: its place
 * keeps the height it had. Editors come last, one at a time, when nobody is rushing past.
 */

const NEAR_PX = 1_500; // a fast wheel covers this in about 150 ms
const SEEN_PX = 350;
const KEPT = 30; // far cells that stay as they are, newest first: going back costs nothing
const RUSHING_PX_PER_MS = 2.5;
const PAUSE_MS = 90;

type Listener = () => void;

export class Viewport {
  readonly #near = new Set<string>();
  readonly #far = new Set<string>(); // still made, in the order they left
  readonly #seen = new Set<string>();
  readonly #ready = new Set<string>();
  readonly #elements = new Map<string, HTMLElement>();
  readonly #heights = new Map<string, number>();
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #nearObserver: IntersectionObserver;
  readonly #seenObserver: IntersectionObserver;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #scrolled = { y: 0, at: 0, speed: 0 };

  constructor() {
    this.#nearObserver = new IntersectionObserver((entries) => this.#nearChanged(entries), {
      rootMargin: `${NEAR_PX}px 0px`,
    });
    this.#seenObserver = new IntersectionObserver((entries) => this.#seenChanged(entries), {
      rootMargin: `${SEEN_PX}px 0px`,
    });
  }

  /** Begins to listen; `close` ends it. */
  open(): () => void {
    window.addEventListener("scroll", this.#onScroll, { passive: true });
    return () => this.#close();
  }

  /** Whether the cell's contents are made. */
  isNear(cellId: string): boolean {
    return this.#near.has(cellId);
  }

  /** Whether the cell's editor is made. */
  isReady(cellId: string): boolean {
    return this.#ready.has(cellId);
  }

  /** The height the cell had when it was last made. */
  height(cellId: string): number | null {
    return this.#heights.get(cellId) ?? null;
  }

  /** The first screenful is made at once, editors and all, not when observers get to it. */
  begin(cells: readonly string[], estimate: (cellId: string) => number): void {
    let top = 0;
    for (const cellId of cells) {
      this.#near.add(cellId);
      if (top < window.innerHeight) this.#ready.add(cellId);
      top += estimate(cellId);
      if (top > window.innerHeight + SEEN_PX) return;
    }
  }

  /** Makes a cell and its editor now: someone is going to type in it. */
  makeReady(cellId: string): void {
    if (this.#near.has(cellId) && this.#ready.has(cellId)) return;
    this.#near.add(cellId);
    this.#ready.add(cellId);
    this.#wake(cellId);
  }

  observe(cellId: string, element: HTMLElement): () => void {
    this.#elements.set(cellId, element);
    this.#nearObserver.observe(element);
    this.#seenObserver.observe(element);
    return () => {
      this.#nearObserver.unobserve(element);
      this.#seenObserver.unobserve(element);
      if (this.#elements.get(cellId) !== element) return;
      this.#elements.delete(cellId);
      for (const set of [this.#near, this.#far, this.#seen, this.#ready]) set.delete(cellId);
    };
  }

  subscribe(cellId: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(cellId) ?? new Set();
    this.#listeners.set(cellId, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(cellId);
    };
  }

  #close(): void {
    this.#nearObserver.disconnect();
    this.#seenObserver.disconnect();
    window.removeEventListener("scroll", this.#onScroll);
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wake(cellId: string): void {
    for (const listener of this.#listeners.get(cellId) ?? []) listener();
  }

  #nearChanged(entries: readonly IntersectionObserverEntry[]): void {
    for (const entry of entries) {
      const cellId = idOf(entry.target);
      if (entry.isIntersecting) {
        this.#far.delete(cellId);
        if (!this.#near.has(cellId)) {
          this.#near.add(cellId);
          this.#wake(cellId);
        }
      } else if (this.#near.has(cellId)) {
        this.#far.delete(cellId);
        this.#far.add(cellId);
      }
    }
    this.#dropFarthest();
  }

  #dropFarthest(): void {
    for (const cellId of this.#far) {
      if (this.#far.size <= KEPT) return;
      const element = this.#elements.get(cellId);
      if (element?.contains(document.activeElement)) continue;
      this.#far.delete(cellId);
      if (element) this.#heights.set(cellId, element.offsetHeight);
      this.#near.delete(cellId);
      this.#ready.delete(cellId);
      this.#wake(cellId);
    }
  }

  #seenChanged(entries: readonly IntersectionObserverEntry[]): void {
    for (const entry of entries) {
      const cellId = idOf(entry.target);
      if (entry.isIntersecting) this.#seen.add(cellId);
      else this.#seen.delete(cellId);
    }
    this.#soon(0);
  }

  #onScroll = (event: Event) => {
    const [y, at] = [window.scrollY, event.timeStamp];
    const { y: before, at: then } = this.#scrolled;
    const passed = Math.max(1, at - then);
    this.#scrolled = { y, at, speed: passed > 200 ? 0 : Math.abs(y - before) / passed };
  };

  #soon(delay: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#makeEditors();
    }, delay);
  }

  #makeEditors(): void {
    const isRushing =
      this.#scrolled.speed > RUSHING_PX_PER_MS && performance.now() - this.#scrolled.at < PAUSE_MS;
    if (isRushing) {
      this.#soon(PAUSE_MS);
      return;
    }
    for (const cellId of this.#seen) {
      if (this.#ready.has(cellId) || !this.#near.has(cellId)) continue;
      this.#ready.add(cellId);
      this.#wake(cellId);
      this.#soon(0); // one a task, so that a key or a click gets in between
      return;
    }
  }
}

function idOf(element: Element): string {
  return element instanceof HTMLElement ? (element.dataset.cellId ?? "") : "";
}
