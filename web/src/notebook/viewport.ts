/**
 * Which cells exist in full. Every cell has its place on the page; its contents are made when
 * it comes near the screen and, beyond a number, thrown away again when it is far: its place
 * keeps the height it had. Editors come last, one at a time, when nobody is rushing past, and
 * go when their cell is far.
 *
 * Places are found by bisection as one scrolls, before the frame is drawn, among the groups
 * (`cell-groups.ts`) and then in the few that are near: some twenty rectangles are read,
 * however many cells there are. Intersection observers were tried: with
 * a thousand targets they cost two milliseconds a frame and answer a frame late.
 */

import { whenIdle } from "../ui/idle";

const NEAR_PX = 1_000; // six frames of a fast wheel
const SEEN_PX = 350;
const KEPT = 24; // far cells that stay as they are, newest first: going back costs nothing
const ALONE_MS = 250; // a scroll so long after the last is not one of many
const RUSHING_PX_PER_MS = 1.2;
const PAUSE_MS = 90;

type Listener = () => void;

export class Viewport {
  readonly #near = new Set<string>();
  readonly #far = new Set<string>(); // still made, in the order they left
  readonly #ready = new Set<string>();
  readonly #heights = new Map<string, number>();
  readonly #listeners = new Map<string, Set<Listener>>();
  #within = new Set<string>(); // near by the last look
  #seen: readonly string[] = [];
  #container: HTMLElement | null = null;
  #cancelEditor: (() => void) | null = null;
  #frame = 0;
  #cancelLook: (() => void) | null = null;
  #scrolled = { y: 0, at: 0, speed: 0 };

  /** Begins to look; the returned function ends it. `container` holds groups of cells. */
  open(container: HTMLElement): () => void {
    this.#container = container;
    const grown = new ResizeObserver(() => this.#nextFrame());
    grown.observe(container);
    window.addEventListener("scroll", this.#onScroll, { passive: true });
    window.addEventListener("resize", this.#nextFrame);
    this.#look();
    return () => {
      grown.disconnect();
      window.removeEventListener("scroll", this.#onScroll);
      window.removeEventListener("resize", this.#nextFrame);
      cancelAnimationFrame(this.#frame);
      this.#cancelEditor?.();
      this.#cancelEditor = null;
      this.#cancelLook?.();
      this.#cancelLook = null;
      this.#container = null;
    };
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

  /** The first screenful is made at once, not at the first look; editors but one follow. */
  begin(cells: readonly string[], estimate: (cellId: string) => number): void {
    let top = 0;
    for (const cellId of cells) {
      this.#near.add(cellId);
      if (this.#ready.size === 0) this.#ready.add(cellId);
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

  /** Makes every cell, as for paper. What is far goes again when one scrolls. */
  makeAll(): void {
    const places = this.#container?.querySelectorAll<HTMLElement>("[data-cell-id]") ?? [];
    for (const { dataset } of places) {
      const cellId = dataset.cellId ?? "";
      if (this.#near.has(cellId)) continue;
      this.#near.add(cellId);
      this.#far.add(cellId);
      this.#wake(cellId);
    }
  }

  /** The cell is gone. */
  forget(cellId: string): void {
    for (const set of [this.#near, this.#far, this.#ready, this.#within]) set.delete(cellId);
    this.#nextFrame();
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

  #wake(cellId: string): void {
    for (const listener of this.#listeners.get(cellId) ?? []) listener();
  }

  #onScroll = (event: Event) => {
    const { timeStamp: at } = event;
    const passed = at - this.#scrolled.at;
    this.#scrolled.at = at;
    if (passed > ALONE_MS) {
      // A step, as from cell to cell. To read where one is would cost a frame.
      this.#scrolled.speed = 0;
      this.#cancelLook ??= whenIdle(() => this.#look());
      return;
    }
    const y = window.scrollY;
    this.#scrolled.speed = Math.abs(y - this.#scrolled.y) / Math.max(1, passed);
    this.#scrolled.y = y;
    this.#look();
  };

  #nextFrame = () => {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#look());
  };

  #look(): void {
    if (!this.#container) return;
    this.#cancelLook?.();
    this.#cancelLook = null;
    this.#scrolled.y = window.scrollY;
    const [top, bottom] = [-NEAR_PX, window.innerHeight + NEAR_PX];
    const within = new Set<string>();
    const seen: string[] = [];
    for (const group of between(this.#container.children, top, bottom)) {
      for (const { place, rectangle } of between(group.place.children, top, bottom)) {
        if (!(place instanceof HTMLElement)) continue;
        const cellId = place.dataset.cellId ?? "";
        within.add(cellId);
        const isSeen = rectangle.bottom > -SEEN_PX && rectangle.top < window.innerHeight + SEEN_PX;
        if (isSeen) seen.push(cellId);
      }
    }
    this.#seen = seen;
    this.#leave(within);
    this.#within = within;
    for (const cellId of within) {
      this.#far.delete(cellId);
      if (this.#near.has(cellId)) continue;
      this.#near.add(cellId);
      this.#wake(cellId);
    }
    if (seen.some((cellId) => !this.#ready.has(cellId))) this.#soon(0);
  }

  #leave(within: ReadonlySet<string>): void {
    for (const cellId of this.#within) {
      if (within.has(cellId)) continue;
      this.#far.add(cellId);
      if (this.#holdsFocus(cellId) || !this.#ready.delete(cellId)) continue;
      this.#wake(cellId);
    }
    for (const cellId of this.#far) {
      if (this.#far.size <= KEPT) return;
      if (this.#holdsFocus(cellId)) continue;
      const place = this.#placeOf(cellId);
      if (place) this.#heights.set(cellId, place.offsetHeight);
      for (const set of [this.#far, this.#near, this.#ready]) set.delete(cellId);
      this.#wake(cellId);
    }
  }

  #placeOf(cellId: string): HTMLElement | null {
    return this.#container?.querySelector(`[data-cell-id="${CSS.escape(cellId)}"]`) ?? null;
  }

  #holdsFocus(cellId: string): boolean {
    const holder = document.activeElement?.closest<HTMLElement>("[data-cell-id]");
    return holder?.dataset.cellId === cellId;
  }

  #soon(delay: number): void {
    this.#cancelEditor ??= soon(delay, () => {
      this.#cancelEditor = null;
      this.#makeEditor();
    });
  }

  #makeEditor(): void {
    const { speed, at } = this.#scrolled;
    if (speed > RUSHING_PX_PER_MS && performance.now() - at < PAUSE_MS) {
      this.#soon(PAUSE_MS);
      return;
    }
    const next = this.#seen.find((cellId) => this.#near.has(cellId) && !this.#ready.has(cellId));
    if (next === undefined) return;
    this.#ready.add(next);
    this.#wake(next);
    this.#soon(0); // one a task, so that a key or a click gets in between
  }
}

/** Calls back after the delay, or without one as soon as nothing better is to be done. */
function soon(delay: number, then: () => void): () => void {
  if (delay === 0) return whenIdle(then);
  const timer = setTimeout(then, delay);
  return () => clearTimeout(timer);
}

/** The children that reach into the strip from `top` to `bottom` of the window, in order. */
function* between(places: HTMLCollection, top: number, bottom: number) {
  for (let at = firstBelow(places, top); at < places.length; at += 1) {
    const place = places[at];
    const rectangle = place?.getBoundingClientRect();
    if (!place || !rectangle || rectangle.top > bottom) return;
    yield { place, rectangle };
  }
}

/** The first child that reaches below `edge`, by bisection: children stand in order. */
function firstBelow(children: HTMLCollection, edge: number): number {
  let [low, high] = [0, children.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((children[middle]?.getBoundingClientRect().bottom ?? 0) > edge) high = middle;
    else low = middle + 1;
  }
  return low;
}
