/**
 * Rows of one table, as the kernel has them: asked for by blocks as they come into sight, kept
 * for a while. A new order or filter shows the old rows until its first ones are there.
 *
 * Without the kernel, or once it has let the frame go, there are the rows that came with the
 * output; `standing` says so.
 */

import type { Request, Table } from "../../protocol/generated";
import { type CellValue, readCells, type TableValue } from "./table-value";
import { isWhole, type View, WHOLE } from "./view";

export type AskTable = (
  request: Request,
  options?: { signal?: AbortSignal },
) => Promise<{ readonly [key: string]: unknown }>;

/**
 * `kernel`: it answers, or was not asked. `away`: it did not answer. `none`: there is no kernel.
 * `gone`: it has not got the frame any more.
 */
export type Standing = "kernel" | "away" | "none" | "gone";

export interface ColumnStatistics {
  readonly rows: number;
  readonly missing: number;
  readonly low: CellValue;
  readonly high: CellValue;
  readonly mean: CellValue;
  readonly unique: number;
  /** How many rows were looked at, when not all. */
  readonly sampled: number | null;
  readonly histogram: Histogram | null;
  readonly top: readonly { readonly value: CellValue; readonly count: number }[];
}

export interface Histogram {
  readonly counts: readonly number[];
  readonly low: CellValue;
  readonly high: CellValue;
}

export interface Window {
  readonly top: number;
  readonly bottom: number; // not with
  readonly columns: readonly number[];
}

export const BLOCK_ROWS = 100;
export const BLOCK_COLUMNS = 40;
const BLOCKS_KEPT = 160;
const ASKED_AT_ONCE = 2;
const AGAIN_AFTER_MS = 2_000; // when the kernel did not answer; then twice as long each time
const AGAIN_AT_LEAST_MS = 60_000;
const COPY_CELLS = 400_000;
const COPY_TEXT = 50_000;

type Block = readonly (readonly CellValue[])[];

/** The blocks of one view. `rows` is null until the kernel has said how many there are. */
class Pages {
  readonly view: View;
  rows: number | null;
  readonly #blocks = new Map<string, Block>();

  constructor(view: View, rows: number | null) {
    this.view = view;
    this.rows = rows;
  }

  get(row: number, column: number): CellValue | undefined {
    const block = this.#blocks.get(keyOf(row, column));
    return block?.[row % BLOCK_ROWS]?.[column % BLOCK_COLUMNS];
  }

  has(key: string): boolean {
    const block = this.#blocks.get(key);
    if (!block) return false;
    this.#blocks.delete(key);
    this.#blocks.set(key, block); // the newest used
    return true;
  }

  put(key: string, block: Block): void {
    this.#blocks.set(key, block);
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= BLOCKS_KEPT) return;
      this.#blocks.delete(oldest);
    }
  }
}

export class TableSource {
  readonly table: TableValue;
  readonly #ask: AskTable;
  readonly #listeners = new Set<() => void>();
  readonly #asked = new Set<string>();
  readonly #statistics = new Map<number, ColumnStatistics>();
  readonly #statisticsAsked = new Set<number>();
  #pages: Pages;
  #before: Pages | null = null;
  #window: Window = { top: 0, bottom: 0, columns: [] };
  #stop = new AbortController();
  #version = 0;
  #standing: Standing = "kernel";
  #problem = "";
  #quietUntil = 0;
  #againAfterMs = AGAIN_AFTER_MS;
  #again: ReturnType<typeof setTimeout> | undefined;
  #kernelId: string | null | undefined; // undefined: nobody has said yet

  constructor(table: TableValue, ask: AskTable) {
    this.table = table;
    this.#ask = ask;
    this.#pages = new Pages(WHOLE, table.rows);
  }

  // ── what is shown ──────────────────────────────────────────────────────────

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly version = (): number => this.#version;

  get view(): View {
    return this.#pages.view;
  }

  /** How many rows the view has; of the one before while that is being found out. */
  get rows(): number {
    if (this.isOnlyFirst) return this.table.first.length;
    return this.#shown.rows ?? 0;
  }

  /** Only the rows that came with the output can be shown. */
  get isOnlyFirst(): boolean {
    return this.#standing === "gone" || this.#standing === "none";
  }

  get isWorking(): boolean {
    return this.#pages.rows === null && this.#problem === "";
  }

  get standing(): Standing {
    return this.#standing;
  }

  /** Why the view cannot be had; empty when it can. */
  get problem(): string {
    return this.#problem;
  }

  get #shown(): Pages {
    return this.#pages.rows === null && this.#before ? this.#before : this.#pages;
  }

  /** The value, or undefined while it is on its way. */
  cell(row: number, column: number): CellValue | undefined {
    const pages = this.#shown;
    const found = pages.get(row, column);
    if (found !== undefined || !isWhole(pages.view)) return found;
    return this.table.first[row]?.[column];
  }

  statistics(column: number): ColumnStatistics | null {
    return this.#statistics.get(column) ?? null;
  }

  /**
   * The kernel that runs, null when none does: opening a notebook asks nothing then. Another
   * kernel than before is asked whether it has the frame at all.
   */
  setKernel(kernelId: string | null): void {
    if (this.#standing === "gone" || kernelId === this.#kernelId) return;
    const isAnother = typeof this.#kernelId === "string";
    this.#kernelId = kernelId;
    this.#standing = kernelId === null ? "none" : "kernel";
    if (kernelId === null) this.#backToWhole();
    else if (isAnother) this.setView(this.view);
    this.#changed();
    this.#pump();
  }

  // ── what is wanted ─────────────────────────────────────────────────────────

  setView(view: View): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#asked.clear();
    this.#problem = "";
    this.#quietUntil = 0;
    this.#before = this.#shown;
    this.#pages = new Pages(view, isWhole(view) ? this.table.rows : null);
    this.#changed();
    this.#pump();
  }

  /** These rows and columns are in sight. */
  want(window: Window): void {
    this.#window = window;
    this.#pump();
  }

  /** Asks again after the kernel was away. */
  retry(): void {
    clearTimeout(this.#again);
    this.#quietUntil = 0;
    this.#standing = "kernel";
    this.#problem = "";
    this.#changed();
    this.#pump();
  }

  async wantStatistics(columns: readonly number[]): Promise<void> {
    const missing = columns.filter(
      (column) => !this.#statistics.has(column) && !this.#statisticsAsked.has(column),
    );
    if (missing.length === 0 || this.isOnlyFirst) return;
    for (const column of missing) this.#statisticsAsked.add(column);
    try {
      let waiting = missing.slice(0, 24);
      while (waiting.length > 0) {
        const answer = await this.#answered({ action: "stats", columns: waiting });
        const found = recordOf(answer.columns);
        for (const [name, value] of Object.entries(found)) {
          this.#statistics.set(Number(name), readStatistics(value));
        }
        this.#changed();
        waiting = waiting.filter((column) => !(String(column) in found));
        if (answer.working !== true) break;
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      for (const column of missing) this.#statisticsAsked.delete(column);
    }
  }

  /** The values of an area, long texts whole. Rejects when it is too large or not to be had. */
  async values(top: number, bottom: number, columns: readonly number[]): Promise<CellValue[][]> {
    const count = bottom - top + 1;
    if (count * columns.length > COPY_CELLS) {
      throw new Error(`more than ${COPY_CELLS} cells are better downloaded than copied`);
    }
    const rows: CellValue[][] = [];
    while (rows.length < count) {
      const answer = await this.#answered({
        action: "page",
        offset: top + rows.length,
        limit: count - rows.length,
        columns,
        ...this.#pages.view,
        text_limit: COPY_TEXT,
      });
      if (answer.working === true) continue;
      const cells = readCells(answer.cells);
      if (cells.length === 0) break;
      rows.push(...cells.map((row) => [...row]));
    }
    return rows;
  }

  /** Stops asking; it begins again when something is wanted. */
  close(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#asked.clear();
    clearTimeout(this.#again);
  }

  // ── the conversation ───────────────────────────────────────────────────────

  #pump(): void {
    if (this.isOnlyFirst || this.#problem !== "") return;
    if (performance.now() < this.#quietUntil) return;
    for (const key of this.#wanted()) {
      if (this.#asked.size >= ASKED_AT_ONCE) return;
      if (!this.#asked.has(key) && !this.#pages.has(key)) void this.#fetch(key);
    }
  }

  /** The blocks in sight, the nearest first; of a new view the first one. */
  *#wanted(): Iterable<string> {
    const { top, bottom, columns } = this.#window;
    const pages = this.#pages;
    if (columns.length === 0) return;
    const end = pages.rows === null ? top + 1 : Math.min(bottom, pages.rows);
    const start = pages.rows === null ? 0 : top;
    const blocks = [...new Set(columns.map((column) => Math.floor(column / BLOCK_COLUMNS)))];
    for (let row = start - (start % BLOCK_ROWS); row < end; row += BLOCK_ROWS) {
      if (isWhole(pages.view) && this.#cameAlong(row)) continue;
      for (const block of blocks) yield `${row / BLOCK_ROWS}:${block}`;
      if (pages.rows === null) return;
    }
  }

  /** Whether all rows of this block came with the output. */
  #cameAlong(row: number): boolean {
    return this.table.first.length >= Math.min(row + BLOCK_ROWS, this.table.rows);
  }

  async #fetch(key: string): Promise<void> {
    const [rowBlock = 0, columnBlock = 0] = key.split(":").map(Number);
    const pages = this.#pages;
    const first = columnBlock * BLOCK_COLUMNS;
    const last = Math.min(first + BLOCK_COLUMNS, this.table.columns.length);
    const columns = Array.from({ length: last - first }, (_, index) => first + index);
    this.#asked.add(key);
    const { signal } = this.#stop;
    try {
      for (;;) {
        const offset = rowBlock * BLOCK_ROWS;
        const page = { offset, limit: BLOCK_ROWS, columns, ...pages.view };
        const answer = await this.#answered({ action: "page", ...page }, signal);
        if (signal.aborted) return;
        if (answer.working === true) continue;
        pages.rows = typeof answer.rows === "number" ? answer.rows : 0;
        pages.put(key, readCells(answer.cells));
        this.#before = null;
        this.#standing = "kernel";
        this.#againAfterMs = AGAIN_AFTER_MS;
        break;
      }
    } catch (error) {
      if (!signal.aborted) this.#failed(error);
    }
    if (signal.aborted) return;
    this.#asked.delete(key);
    this.#changed();
    this.#pump();
  }

  async #answered(fields: Omit<Table, "kind" | "handle">, signal?: AbortSignal) {
    const { handle } = this.table;
    const answer = await this.#ask({ kind: "table", handle, ...fields }, signal ? { signal } : {});
    if (answer.gone === true) throw new Gone();
    if (typeof answer.problem === "string") throw new Refused(answer.problem);
    return answer;
  }

  #failed(error: unknown): void {
    if (error instanceof Gone) this.#standing = "gone";
    else if (error instanceof Refused) this.#problem = error.message;
    else {
      this.#standing = "away";
      this.#quietUntil = performance.now() + this.#againAfterMs;
      clearTimeout(this.#again);
      this.#again = setTimeout(() => {
        this.#quietUntil = 0;
        this.#pump();
      }, this.#againAfterMs);
      this.#againAfterMs = Math.min(AGAIN_AT_LEAST_MS, this.#againAfterMs * 2);
    }
    if (this.isOnlyFirst || (this.#standing === "away" && this.#pages.rows === null)) {
      this.#backToWhole();
    }
    this.#changed();
  }

  /** The order that was asked for cannot be had: back to the rows that can. */
  #backToWhole(): void {
    this.#stop.abort();
    this.#stop = new AbortController();
    this.#asked.clear();
    this.#pages = new Pages(WHOLE, this.table.rows);
    this.#before = null;
  }

  #changed(): void {
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }
}

class Gone extends Error {
  constructor() {
    super("the kernel does not keep this table any more; run its cell again");
  }
}

class Refused extends Error {}

function keyOf(row: number, column: number): string {
  return `${Math.floor(row / BLOCK_ROWS)}:${Math.floor(column / BLOCK_COLUMNS)}`;
}

function recordOf(value: unknown): { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function readStatistics(value: unknown): ColumnStatistics {
  const fields = recordOf(value);
  const [[low = null, high = null, mean = null] = []] = readCells([
    [fields.low ?? null, fields.high ?? null, fields.mean ?? null],
  ]);
  return {
    rows: numberOf(fields.rows),
    missing: numberOf(fields.missing),
    low,
    high,
    mean,
    unique: numberOf(fields.unique),
    sampled: typeof fields.sampled === "number" ? fields.sampled : null,
    histogram: readHistogram(fields.histogram),
    top: Array.isArray(fields.top) ? fields.top.map(readTop) : [],
  };
}

function readHistogram(value: unknown): Histogram | null {
  const { counts, low, high } = recordOf(value);
  if (!Array.isArray(counts)) return null;
  const [[from = null, to = null] = []] = readCells([[low ?? null, high ?? null]]);
  return { counts: counts.map(numberOf), low: from, high: to };
}

function readTop(value: unknown) {
  const { value: text, count } = recordOf(value);
  const [[cell = null] = []] = readCells([[text ?? null]]);
  return { value: cell, count: numberOf(count) };
}
