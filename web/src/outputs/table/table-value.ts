/**
 * A data frame as the kernel describes it: its columns, its first rows, and a handle by which
 * more can be asked for (docs/spec/tables.md). Read with suspicion: it comes from a log.
 */

export const TABLE_MIME = "application/vnd.tailrace.table+json";

/** What JSON cannot say stands as its text, and what it is (TAB-3). */
export interface Marked {
  readonly as: string;
  readonly text: string;
  /** How long the whole is, when `text` is only its beginning. */
  readonly of: number | null;
}

export type CellValue = null | boolean | number | string | Marked;

export type ColumnKind =
  | "integer"
  | "number"
  | "decimal"
  | "boolean"
  | "text"
  | "category"
  | "datetime"
  | "date"
  | "time"
  | "duration"
  | "bytes"
  | "nested"
  | "other";

const KINDS: readonly string[] = [
  "integer",
  "number",
  "decimal",
  "boolean",
  "text",
  "category",
  "datetime",
  "date",
  "time",
  "duration",
  "bytes",
  "nested",
  "other",
] satisfies readonly ColumnKind[];

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly kind: ColumnKind;
  readonly isIndex: boolean;
}

export interface TableValue {
  readonly handle: string;
  readonly library: string;
  readonly rows: number;
  /** The frame has more rows than the kernel kept of it. */
  readonly hasMore: boolean;
  readonly isSnapshot: boolean;
  readonly columnCount: number;
  readonly columns: readonly TableColumn[];
  readonly first: readonly (readonly CellValue[])[];
  readonly formats: readonly string[];
}

type Fields = { readonly [name: string]: unknown };

function fieldsOf(value: unknown): Fields | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : null;
}

/** The description; null when it is none. */
export function readTable(value: unknown): TableValue | null {
  const fields = fieldsOf(value);
  if (!fields || typeof fields.handle !== "string" || typeof fields.rows !== "number") return null;
  if (!Array.isArray(fields.columns)) return null;
  const columns = fields.columns.map(readColumn);
  return {
    handle: fields.handle,
    library: typeof fields.kind === "string" ? fields.kind : "",
    rows: fields.rows,
    hasMore: fields.has_more === true,
    isSnapshot: fields.is_snapshot !== false,
    columnCount: typeof fields.column_count === "number" ? fields.column_count : columns.length,
    columns,
    first: readCells(fields.first),
    formats: Array.isArray(fields.formats)
      ? fields.formats.filter((f) => typeof f === "string")
      : [],
  };
}

function readColumn(value: unknown): TableColumn {
  const { name, type, kind, index } = fieldsOf(value) ?? {};
  return {
    name: typeof name === "string" ? name : "",
    type: typeof type === "string" ? type : "",
    kind: typeof kind === "string" && KINDS.includes(kind) ? (kind as ColumnKind) : "other",
    isIndex: index === true,
  };
}

export function readCells(value: unknown): readonly (readonly CellValue[])[] {
  return Array.isArray(value)
    ? value.map((row: unknown) => (Array.isArray(row) ? row.map(readCell) : []))
    : [];
}

export function readCell(value: unknown): CellValue {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number" || typeof value === "string") return value;
  const { as: kind, text, of } = fieldsOf(value) ?? {};
  return {
    as: typeof kind === "string" ? kind : "other",
    text: typeof text === "string" ? text : "",
    of: typeof of === "number" ? of : null,
  };
}

export function isNumeric(kind: ColumnKind): boolean {
  return kind === "integer" || kind === "number" || kind === "decimal";
}

/** Kinds whose values lie between ends. */
export function hasRange(kind: ColumnKind): boolean {
  return isNumeric(kind) || kind === "datetime" || kind === "date" || kind === "duration";
}

export function isMissing(cell: CellValue): boolean {
  return cell === null || (typeof cell === "object" && cell.as === "missing");
}

export function isCut(cell: CellValue): boolean {
  return typeof cell === "object" && cell !== null && cell.of !== null;
}

/** The whole of what is known of a value: what is copied, and told by a tooltip. */
export function wholeText(cell: CellValue): string {
  if (cell === null) return "";
  if (typeof cell !== "object") return String(cell);
  return cell.as === "missing" ? "" : cell.text;
}

const SHORT_TEXT = 160;

/** What stands in the grid: one line; long numbers shortened. */
export function shownText(cell: CellValue, column: TableColumn, library: string): string {
  if (cell === null) return library === "pandas" ? "None" : "null";
  if (typeof cell === "number") return numberText(cell, column.kind);
  if (typeof cell === "boolean")
    return library === "pandas" ? (cell ? "True" : "False") : `${cell}`;
  const text = typeof cell === "string" ? cell : cell.text;
  const line = text.length > SHORT_TEXT ? text.slice(0, SHORT_TEXT) : text;
  const marked = line.replace(/\r\n|[\r\n]/g, "⏎").replaceAll("\t", "⇥");
  const isWhole = line === text && !isCut(cell);
  if (typeof cell === "object" && cell.as === "bytes") return `0x${marked}${isWhole ? "" : "…"}`;
  return isWhole ? marked : `${marked}…`;
}

/** Six digits that matter; whole numbers of a column of fractions keep their point. */
export function numberText(value: number, kind: ColumnKind): string {
  if (kind === "integer") return String(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return value.toFixed(1);
  const size = Math.abs(value);
  if (size >= 1e15 || size < 1e-4) return value.toExponential(5).replace(/\.?0+e/, "e");
  return size >= 1e6 ? value.toFixed(1) : String(Number(value.toPrecision(6)));
}
