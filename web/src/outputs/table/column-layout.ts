/** Where columns stand: widths in pixels, those kept in sight at the left, those on screen. */

import { isNumeric, shownText, type TableColumn, type TableValue } from "./table-value";

export const NARROWEST_PX = 56;
export const WIDEST_PX = 900;
const FIRST_WIDEST_PX = 300;
const LETTER_PX = 7.2;
const PADDING_PX = 20;
const HEAD_PX = 62; // icon, sort mark and menu beside a column's name
const LOOKED_AT = 30;

/** A width at which most of the first rows can be read. */
export function fittingWidth(table: TableValue, column: number, widest = FIRST_WIDEST_PX): number {
  const about = table.columns[column];
  if (!about) return NARROWEST_PX;
  const lengths = table.first
    .slice(0, LOOKED_AT)
    .map((row) => shownText(row[column] ?? null, about, table.library).length);
  const longest = Math.max(4, ...lengths);
  const width = Math.max(longest * LETTER_PX + PADDING_PX, about.name.length * LETTER_PX + HEAD_PX);
  return clampedWidth(Math.min(width, widest));
}

export function clampedWidth(width: number): number {
  return Math.round(Math.min(WIDEST_PX, Math.max(NARROWEST_PX, width)));
}

export interface Layout {
  /** The columns that are shown, by their place in the frame. */
  readonly columns: readonly number[];
  /** Where each begins; one more than there are columns: the last is the whole width. */
  readonly lefts: readonly number[];
  /** How many of the first stay in sight. */
  readonly frozen: number;
}

const FROZEN_SHARE = 0.45; // of the screen: the rest is for what one came for

export function layoutOf(
  table: TableValue,
  hidden: ReadonlySet<number>,
  widths: ReadonlyMap<number, number>,
  viewWidth: number,
): Layout {
  const columns = table.columns.map((_, at) => at).filter((at) => !hidden.has(at));
  const lefts = [0];
  for (const column of columns) {
    const width = widths.get(column) ?? fittingWidth(table, column);
    lefts.push((lefts.at(-1) ?? 0) + width);
  }
  let frozen = 0;
  while (frozen < columns.length && table.columns[columns[frozen] ?? -1]?.isIndex) {
    if ((lefts[frozen + 1] ?? 0) > viewWidth * FROZEN_SHARE) break;
    frozen += 1;
  }
  return { columns, lefts, frozen };
}

/** The scrolled columns on screen, from and up to (not with), by their place in `columns`. */
export function onScreen(layout: Layout, scrollLeft: number, viewWidth: number): [number, number] {
  const { lefts, frozen, columns } = layout;
  const from = Math.max(frozen, placeAt(lefts, scrollLeft + (lefts[frozen] ?? 0)));
  const to = Math.min(columns.length, placeAt(lefts, scrollLeft + viewWidth) + 1);
  return [Math.min(from, columns.length), Math.max(from, to)];
}

/** The last place whose left is at or before `x`. */
export function placeAt(lefts: readonly number[], x: number): number {
  let [low, high] = [0, lefts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((lefts[middle] ?? 0) <= x) low = middle;
    else high = middle - 1;
  }
  return low;
}

export function alignsRight(column: TableColumn): boolean {
  return isNumeric(column.kind) || column.kind === "duration";
}
