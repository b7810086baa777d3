/**
 * Ten million rows are taller than an element can be. Then the scroll bar names a share of the
 * whole, and small movements (a wheel, a key) still move by their own pixels.
 */

export const TALLEST_PX = 8_000_000; // browsers end an element between 17 and 33 million

export interface Rail {
  /** All rows, in pixels. */
  readonly whole: number;
  /** How much of it is seen. */
  readonly view: number;
}

/** How tall the scrolled element is. */
export function railHeight({ whole }: Rail): number {
  return Math.min(whole, TALLEST_PX);
}

function room(rail: Rail): number {
  return Math.max(0, railHeight(rail) - rail.view);
}

function wholeRoom(rail: Rail): number {
  return Math.max(0, rail.whole - rail.view);
}

/** The place in the whole that the scroll bar stands for. */
export function placeOf(rail: Rail, scroll: number): number {
  if (rail.whole <= TALLEST_PX) return Math.min(Math.max(0, scroll), wholeRoom(rail));
  const share = room(rail) === 0 ? 0 : Math.min(1, Math.max(0, scroll / room(rail)));
  return share * wholeRoom(rail);
}

/** Where the scroll bar stands for a place in the whole. */
export function scrollOf(rail: Rail, place: number): number {
  if (rail.whole <= TALLEST_PX) return place;
  return wholeRoom(rail) === 0 ? 0 : (place / wholeRoom(rail)) * room(rail);
}

/** The new place after the bar went from `before` to `now`. */
export function moved(rail: Rail, place: number, before: number, now: number): number {
  if (rail.whole <= TALLEST_PX) return placeOf(rail, now);
  if (now <= 0) return 0;
  if (now >= room(rail) - 0.5) return wholeRoom(rail);
  const by = now - before;
  if (Math.abs(by) > rail.view * 2) return placeOf(rail, now);
  return Math.min(wholeRoom(rail), Math.max(0, place + by));
}
