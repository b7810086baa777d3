/**
 * One row of a screen: characters, each with the pen it was written with.
 *
 * The same as `src/tailrace/core/rows.py`, where the reasons are; columns are code points. While
 * it is typed on, a row is text as long as that is cheap, and cells once colours are overwritten.
 */

import { codePoints, sliced } from "./code-points";
import { RESET } from "./colours";

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this reads
const SGR = /\x1b\[[0-9;]*m/g;

/** A character and its pen. */
type Cell = readonly [string, string];

export class Row {
  #text: string;
  #cells: Cell[] | null = null;
  #width: number | null = null;

  constructor(text: string) {
    this.#text = text;
  }

  /** How many characters the row shows. */
  get width(): number {
    if (this.#cells) return this.#cells.length;
    this.#width ??= widthOf(this.#text);
    return this.#width;
  }

  text(): string {
    return this.#cells ? spelled(this.#cells) : this.#text;
  }

  /** Writes `piece`, `length` characters, at `column`; after spaces where the row is too short. */
  put(column: number, piece: string, length: number, pen: string): void {
    const { width } = this;
    if (!this.#cells) {
      const text = this.#text;
      if (column === width) this.#text = extended(text, piece, pen);
      else if (pen || text.includes("\x1b")) this.#cells = cellsOf(text);
      else if (column > width) this.#text = text + " ".repeat(column - width) + piece;
      else this.#text = sliced(text, 0, column) + piece + sliced(text, column + length);
      this.#width = Math.max(width, column + length);
    }
    const cells = this.#cells;
    if (!cells) return;
    while (cells.length < column) cells.push(BLANK);
    let at = column;
    for (const character of piece) {
      cells[at] = [character, pen];
      at += 1;
    }
  }

  /** Drops the characters from `column` on. */
  truncate(column: number): void {
    if (column >= this.width) return;
    if (column === 0) {
      this.#text = "";
      this.#cells = null;
      this.#width = 0;
    } else if (!this.#cells && !this.#text.includes("\x1b")) {
      this.#text = sliced(this.#text, 0, column);
      this.#width = column;
    } else {
      this.#cells ??= cellsOf(this.#text);
      this.#cells.length = column;
    }
  }
}

const BLANK: Cell = [" ", ""];

function widthOf(text: string): number {
  return codePoints(text.includes("\x1b") ? text.replace(SGR, "") : text);
}

/** `text` with `piece` behind its last character. */
function extended(text: string, piece: string, pen: string): string {
  if (!pen) return text + piece;
  if (text.endsWith(RESET) && lastPen(text) === pen) {
    return text.slice(0, -RESET.length) + piece + RESET;
  }
  return text + pen + piece + RESET;
}

/** The pen of the last character of a row that ends with `RESET`. */
function lastPen(text: string): string {
  const opened = text.lastIndexOf("\x1b", text.length - RESET.length - 1);
  return opened < 0 ? "" : text.slice(opened, text.indexOf("m", opened) + 1);
}

function cellsOf(row: string): Cell[] {
  const cells: Cell[] = [];
  let pen = "";
  let position = 0;
  const take = (end: number) => {
    for (const character of row.slice(position, end)) cells.push([character, pen]);
  };
  for (const sgr of row.matchAll(SGR)) {
    take(sgr.index);
    pen = sgr[0] === RESET ? "" : sgr[0];
    position = sgr.index + sgr[0].length;
  }
  take(row.length);
  return cells;
}

function spelled(cells: readonly Cell[]): string {
  let text = "";
  let current = "";
  for (const [character, pen] of cells) {
    if (pen !== current) {
      if (current) text += RESET;
      text += pen;
      current = pen;
    }
    text += character;
  }
  return current ? text + RESET : text;
}
