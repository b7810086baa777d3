/**
 * The rows a cursor can still reach, while text with control characters is typed on them.
 *
 * The same as `src/tailrace/core/screen.py`, where the reasons are; columns are code points.
 */

import { codePoints, sliced } from "./code-points";
import { afterSgr } from "./colours";
import { Row } from "./rows";

/** Characters in a row; what is longer goes on in a new row, without a newline. */
export const WIDE = 4096;

/** Rows above the last one that the cursor can go up to. */
export const REACH = 63;

/** Characters after which an escape sequence without an end is given up. */
export const ESCAPE_LIMIT = 64;

const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this reads
  /(?<plain>[^\x1b\r\n\x08]+)|(?<control>[\r\n\x08])|\x1b(?:\[(?<parameters>[0-?]{0,48})(?<between>[ -/]{0,8})(?<final>[@-~])?|(?<string>[\]PX^_])[^\x07\r\n\x1b]*(?<stringEnd>\x07)?|(?<intermediate>[ -/]{1,8})(?<twoFinal>[0-~])?|(?<single>[0-OQ-WYZ\\`-~]))?/g;

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what this reads
const UP = /\x1b\[[0-?]*[AF]/;

/** Whether `text` may move the cursor to rows above the one it starts in. */
export function mayGoUp(text: string): boolean {
  return text.includes("\x1b") && UP.test(text);
}

interface Start {
  readonly rows: string[];
  /** So many rows over these are within reach too but stand elsewhere: the text does not go there. */
  readonly above: number;
  /** The one row left continues a line that was too long: what is before it is out of reach. */
  readonly wrapped: boolean;
  readonly row: number;
  readonly column: number | null;
  readonly pen: string;
  readonly pending: string;
}

/** Rows from top to bottom, the last one the newest; `row` counts from the last up. */
export class Screen {
  row: number;
  pen: string;
  pending: string;
  #frozen = "";
  #rows: Row[];
  #above: number;
  #wrapped: boolean;
  #column: number;

  constructor({ rows, above, wrapped, row, column, pen, pending }: Start) {
    this.#rows = rows.map((text) => new Row(text));
    this.#above = above;
    this.#wrapped = wrapped;
    this.row = row;
    this.#column = column ?? this.width();
    this.pen = pen;
    this.pending = pending;
  }

  write(text: string): void {
    const all = this.pending + text;
    this.pending = "";
    for (const token of all.matchAll(TOKEN)) {
      const groups = token.groups ?? {};
      if (groups.plain !== undefined) this.#put(groups.plain);
      else if (groups.control !== undefined) this.#control(groups.control);
      else this.#escape(token[0], groups, token.index + token[0].length === all.length);
    }
  }

  text(): string {
    return this.#frozen + this.#screenful();
  }

  #screenful(): string {
    return this.#rows.map((row) => row.text()).join("\n");
  }

  reach(): number {
    return this.#wrapped ? -1 : this.#above + this.#rows.length - 1;
  }

  width(): number {
    return this.#rows.at(-1)?.width ?? 0;
  }

  /** The column, or null where the cursor is at the very end. */
  cursor(): number | null {
    return this.row === 0 && this.#column === this.width() ? null : this.#column;
  }

  // ── characters ─────────────────────────────────────────────────────────────

  /** The row that the cursor is in; there always is one. */
  #row(): Row {
    return this.#rows[this.#rows.length - 1 - this.row] ?? new Row("");
  }

  #put(given: string): void {
    let run = given;
    while (run) {
      if (this.#column >= WIDE) this.#wrap();
      const piece = sliced(run, 0, WIDE - this.#column);
      run = run.slice(piece.length);
      const length = codePoints(piece);
      this.#row().put(this.#column, piece, length, this.pen);
      this.#column += length;
    }
  }

  #wrap(): void {
    this.#column = 0;
    if (this.row) {
      this.row -= 1;
      return;
    }
    this.#frozen += this.#screenful();
    this.#rows = [new Row("")];
    this.#above = 0;
    this.#wrapped = true;
  }

  #control(character: string): void {
    if (character === "\r") this.#column = 0;
    else if (character === "\b") this.#column = Math.max(0, this.#column - 1);
    else if (this.row) {
      this.row -= 1;
      this.#column = 0;
    } else this.#newRow();
  }

  #newRow(): void {
    this.#column = 0;
    this.#rows.push(new Row(""));
    if (this.#wrapped || this.#above + this.#rows.length > REACH + 1) {
      if (this.#above) this.#above -= 1;
      else this.#frozen += `${this.#rows.shift()?.text() ?? ""}\n`;
      this.#wrapped = false;
    }
  }

  // ── escapes ────────────────────────────────────────────────────────────────

  #escape(token: string, groups: { [name: string]: string | undefined }, atEnd: boolean): void {
    if (groups.final !== undefined) {
      if (!groups.between) this.#command(groups.final, groups.parameters ?? "");
      return;
    }
    if (groups.string !== undefined) {
      // What a title or a link says is not kept, so neither is it while it goes on.
      if (groups.stringEnd === undefined && atEnd) this.pending = `\x1b${groups.string}`;
      return;
    }
    const isComplete = groups.single !== undefined || groups.twoFinal !== undefined;
    if (!isComplete && atEnd) this.pending = token;
  }

  #command(final: string, parameters: string): void {
    if (final === "m") {
      this.pen = afterSgr(this.pen, parameters);
      return;
    }
    // Private modes, several parameters: none of those we follow.
    if (/[^0-9]/.test(parameters)) return;
    const number = Number(parameters || "0");
    if (final === "K") this.#erase(number);
    else if (final === "J") {
      if (number === 0) this.#eraseBelow();
    } else if (final === "G") this.#column = Math.min(Math.max(number, 1) - 1, WIDE);
    else this.#move(final, Math.max(number, 1));
  }

  #move(final: string, distance: number): void {
    switch (final) {
      case "A":
      case "F":
        this.row = Math.min(this.row + distance, this.#rows.length - 1);
        break;
      case "B":
      case "E":
        this.row = Math.max(this.row - distance, 0);
        break;
      case "C":
        this.#column = Math.min(this.#column + distance, WIDE);
        break;
      case "D":
        this.#column = Math.max(this.#column - distance, 0);
        break;
    }
    if (final === "E" || final === "F") this.#column = 0;
  }

  #erase(part: number): void {
    const row = this.#row();
    const blank = this.#column + 1;
    if (part === 0) row.truncate(this.#column);
    else if (part === 2 || (part === 1 && blank >= row.width)) row.truncate(0);
    else if (part === 1) row.put(0, " ".repeat(blank), blank, "");
  }

  #eraseBelow(): void {
    this.#erase(0);
    if (this.row) {
      this.#rows.length -= this.row;
      this.row = 0;
    }
  }
}
