/** Which cells are chosen, by row and by place among the shown columns; and copied as text. */

import { type CellValue, wholeText } from "./table-value";

export interface Spot {
  readonly row: number; // -1: the head
  readonly column: number;
}

/** A rectangle from where it was begun to where one is. */
export interface Selection {
  readonly anchor: Spot;
  readonly active: Spot;
}

export interface Extent {
  readonly rows: number;
  readonly columns: number;
  /** Rows that a page-wise step takes. */
  readonly page: number;
}

export interface Area {
  readonly top: number;
  readonly bottom: number; // with
  readonly left: number;
  readonly right: number; // with
}

export function areaOf({ anchor, active }: Selection): Area {
  return {
    top: Math.max(0, Math.min(anchor.row, active.row)),
    bottom: Math.max(anchor.row, active.row),
    left: Math.min(anchor.column, active.column),
    right: Math.max(anchor.column, active.column),
  };
}

export function isWithin(area: Area, row: number, column: number): boolean {
  return row >= area.top && row <= area.bottom && column >= area.left && column <= area.right;
}

export interface Key {
  readonly key: string;
  readonly shift: boolean;
  readonly ctrl: boolean;
}

/** The selection after a key; null when the key does not move. */
export function afterKey(selection: Selection, { key, shift, ctrl }: Key, extent: Extent) {
  const { active } = selection;
  const [last, right] = [extent.rows - 1, extent.columns - 1];
  if (ctrl && key.toLowerCase() === "a") {
    return { anchor: { row: 0, column: 0 }, active: { row: last, column: right } };
  }
  const target = ((): Spot | null => {
    switch (key) {
      case "ArrowUp":
        return { ...active, row: ctrl ? 0 : active.row - 1 };
      case "ArrowDown":
        return { ...active, row: ctrl ? last : active.row + 1 };
      case "ArrowLeft":
        return { ...active, column: ctrl ? 0 : active.column - 1 };
      case "ArrowRight":
        return { ...active, column: ctrl ? right : active.column + 1 };
      case "Home":
        return { row: ctrl ? 0 : active.row, column: 0 };
      case "End":
        return { row: ctrl ? last : active.row, column: right };
      case "PageUp":
        return { ...active, row: Math.max(0, active.row - extent.page) };
      case "PageDown":
        return { ...active, row: active.row + extent.page };
      default:
        return null;
    }
  })();
  if (!target) return null;
  const spot = {
    row: Math.min(last, Math.max(shift ? 0 : -1, target.row)),
    column: Math.min(right, Math.max(0, target.column)),
  };
  return shift && selection.anchor.row >= 0
    ? { anchor: selection.anchor, active: spot }
    : { anchor: spot, active: spot };
}

/** Rows of texts as spreadsheets read them from the clipboard. */
export function tabSeparated(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => row.map(quoted).join("\t")).join("\n");
}

export function cellTexts(rows: readonly (readonly CellValue[])[]): string[][] {
  return rows.map((row) => row.map(wholeText));
}

function quoted(text: string): string {
  return /[\t\r\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
