/**
 * The rows of a Parquet file, by ranges of it: its footer, then the columns' pages in sight.
 * No kernel and no library of the server's is needed. Loaded with the first such file.
 */

import { decompress as decompressZstd } from "fzstd";
import {
  type AsyncBuffer,
  type Compressors,
  cachedAsyncBuffer,
  parquetMetadataAsync,
  parquetRead,
  parquetSchema,
  type SchemaTree,
  snappyUncompress,
} from "hyparquet";
import { decompressBrotli } from "hyparquet-compressors/src/brotli.js";
import { gunzip } from "hyparquet-compressors/src/gzip.js";
import { decompressLz4, decompressLz4Raw } from "hyparquet-compressors/src/lz4.js";
import type { CellValue, ColumnKind, TableColumn } from "../outputs/table/table-value";
import type { Server } from "../sync/server";
import type { RowsFile } from "./rows-file";

const BLOCK_ROWS = 1_000;
const BLOCKS_KEPT = 40;
const TEXT_LIMIT = 5_000;

/** Without the WebAssembly that hyparquet-compressors brings for one of them. */
const compressors: Compressors = {
  SNAPPY: (input, length) => {
    const output = new Uint8Array(length);
    snappyUncompress(input, output);
    return output;
  },
  GZIP: (input, length) => gunzip(input, new Uint8Array(length)),
  BROTLI: decompressBrotli,
  ZSTD: (input) => decompressZstd(input),
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
};

/** Times as text: a `Date` has only milliseconds. */
const parsers = {
  timestampFromMilliseconds: (millis: bigint) => timeText(millis * 1_000_000n),
  timestampFromMicroseconds: (micros: bigint) => timeText(micros * 1_000n),
  timestampFromNanoseconds: (nanos: bigint) => timeText(nanos),
  dateFromDays: (days: number) => new Date(days * 86_400_000).toISOString().slice(0, 10),
};

export async function openParquet(
  server: Server,
  path: string,
  size: number,
  signal: AbortSignal,
): Promise<RowsFile> {
  const address = `api/v1/files/content?path=${encodeURIComponent(path)}`;
  const file: AsyncBuffer = cachedAsyncBuffer({
    byteLength: size,
    async slice(start, end = size) {
      return (await server.readRange(address, start, end, signal)).bytes;
    },
  });
  return rowsOf(file);
}

export async function rowsOf(file: AsyncBuffer): Promise<RowsFile> {
  const metadata = await parquetMetadataAsync(file);
  const fields = parquetSchema(metadata).children;
  const columns = fields.map(columnOf);
  const names = columns.map(({ name }) => name);
  const rows = Number(metadata.num_rows);
  const blocks = new Map<number, Promise<readonly (readonly CellValue[])[]>>();

  async function readBlock(block: number): Promise<readonly (readonly CellValue[])[]> {
    const rowStart = block * BLOCK_ROWS;
    const rowEnd = Math.min(rows, rowStart + BLOCK_ROWS);
    let found: readonly { readonly [name: string]: unknown }[] = [];
    await parquetRead({
      file,
      metadata,
      rowStart,
      rowEnd,
      compressors,
      parsers,
      useOffsetIndex: true,
      utf8: false, // bytes that are not said to be text are none
      rowFormat: "object",
      onComplete: (objects) => {
        found = objects;
      },
    });
    return found.map((row) => names.map((name, at) => cellOf(row[name], columns[at]?.kind)));
  }

  function blockAt(block: number) {
    const kept = blocks.get(block);
    blocks.delete(block);
    const read = kept ?? readBlock(block);
    blocks.set(block, read);
    read.catch(() => blocks.delete(block)); // whoever asked is told
    for (const oldest of blocks.keys()) {
      if (blocks.size <= BLOCKS_KEPT) break;
      blocks.delete(oldest);
    }
    return read;
  }

  return {
    rows,
    columns,
    async read(top, bottom) {
      const found: (readonly CellValue[])[] = [];
      for (let at = top; at < bottom; ) {
        const block = Math.floor(at / BLOCK_ROWS);
        const end = Math.min(bottom, (block + 1) * BLOCK_ROWS);
        const part = await blockAt(block);
        found.push(...part.slice(at - block * BLOCK_ROWS, end - block * BLOCK_ROWS));
        at = end;
      }
      return found;
    },
  };
}

function columnOf(field: SchemaTree): TableColumn {
  const { type, kind } = typeOf(field);
  return { name: field.element.name, type, kind, isIndex: false };
}

const KINDS: Readonly<Record<string, ColumnKind>> = {
  BOOLEAN: "boolean",
  INT32: "integer",
  INT64: "integer",
  INT96: "datetime",
  FLOAT: "number",
  DOUBLE: "number",
  UTF8: "text",
  STRING: "text",
  ENUM: "category",
  DATE: "date",
  TIME: "time",
  TIME_MILLIS: "time",
  TIME_MICROS: "time",
  TIMESTAMP: "datetime",
  TIMESTAMP_MILLIS: "datetime",
  TIMESTAMP_MICROS: "datetime",
  DECIMAL: "decimal",
  FLOAT16: "number",
  JSON: "nested",
  BSON: "bytes",
  UUID: "text",
  INTERVAL: "other",
};

function typeOf({ element, children }: SchemaTree): { type: string; kind: ColumnKind } {
  const logical = element.logical_type?.type ?? element.converted_type;
  if (children.length > 0) {
    const name = logical ?? (element.repetition_type === "REPEATED" ? "LIST" : "STRUCT");
    return { type: name.toLowerCase(), kind: "nested" };
  }
  const name = logical ?? element.type ?? "";
  const kind =
    KINDS[name] ?? (/INT/.test(name) ? "integer" : (KINDS[element.type ?? ""] ?? "bytes"));
  const isList = element.repetition_type === "REPEATED";
  return { type: name.toLowerCase(), kind: isList ? "nested" : kind };
}

export function cellOf(value: unknown, kind: ColumnKind | undefined): CellValue {
  if (value === null || value === undefined) return null;
  if (typeof value === "boolean") return value;
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value;
    return { as: Number.isNaN(value) ? "missing" : "number", text: String(value), of: null };
  }
  if (typeof value === "bigint") {
    const number = Number(value);
    if (Number.isSafeInteger(number)) return number;
    return { as: "number", text: String(value), of: null };
  }
  if (typeof value === "string") {
    return kind === "nested"
      ? cut("nested", value)
      : value.length > TEXT_LIMIT
        ? cut("text", value)
        : value;
  }
  if (value instanceof Date) return timeText(BigInt(value.getTime()) * 1_000_000n);
  if (value instanceof Uint8Array) {
    const text = [...value.subarray(0, TEXT_LIMIT)].map(hex).join("");
    return { as: "bytes", text, of: value.length > TEXT_LIMIT ? value.length : null };
  }
  return cut("nested", JSON.stringify(value, plain));
}

function cut(as: string, text: string): CellValue {
  const isLong = text.length > TEXT_LIMIT;
  return { as, text: isLong ? text.slice(0, TEXT_LIMIT) : text, of: isLong ? text.length : null };
}

function plain(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  return value instanceof Uint8Array ? [...value.subarray(0, 64)].map(hex).join("") : value;
}

const hex = (byte: number) => byte.toString(16).padStart(2, "0");

/** ISO with a space, as many digits of the second as there are. */
export function timeText(nanos: bigint): string {
  const second = 1_000_000_000n;
  const rest = ((nanos % second) + second) % second;
  const at = new Date(Number((nanos - rest) / 1_000_000n));
  if (Number.isNaN(at.getTime())) return `${nanos} ns`;
  const text = at.toISOString().slice(0, 19).replace("T", " ");
  const digits = String(rest).padStart(9, "0").replace(/0+$/, "");
  return digits === ""
    ? text
    : `${text}.${digits.padEnd(digits.length > 6 ? 9 : digits.length > 3 ? 6 : 3, "0")}`;
}
