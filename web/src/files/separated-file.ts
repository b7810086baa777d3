/**
 * A CSV or TSV file as rows: its bytes are kept, and where each row begins; a row is taken apart
 * when it comes into sight. So a hundred megabytes cost that many bytes and no more.
 *
 * Rows are found while the bytes arrive, piece by piece, so that the page stays awake.
 */

import type { CellValue, TableColumn } from "../outputs/table/table-value";
import type { RowsFile } from "./rows-file";
import { fieldsOf, isNumber, separatorOf } from "./separated";

const SAMPLED_ROWS = 1_000;
const SAMPLE_BYTES = 64 << 10;
const QUOTE = 0x22;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Numbers that grow: an array of them would take eight times the memory while it does. */
class Offsets {
  #values = new Float64Array(1 << 12);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const grown = new Float64Array(this.length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.length] = value;
    this.length += 1;
  }

  at(index: number): number {
    return this.#values[index] ?? 0;
  }
}

/** Finds where rows begin, in bytes that come in pieces. */
export class RowFinder {
  readonly starts = new Offsets();
  #at = 0;
  #isQuoted = false;
  #isFieldStart = true;
  #isRowStart = true;

  constructor(private readonly separator: number) {}

  take(bytes: Uint8Array): void {
    for (let index = 0; index < bytes.length; index += 1) {
      const byte = bytes[index] as number;
      if (this.#isRowStart) {
        this.starts.push(this.#at + index);
        this.#isRowStart = false;
      }
      if (this.#isQuoted) {
        // A doubled quote ends and begins again at once, which comes to the same.
        if (byte === QUOTE) this.#isQuoted = false;
        continue;
      }
      if (byte === QUOTE) {
        // A quote inside a bare field is a letter; one right after a closing quote goes on.
        const before = index > 0 ? bytes[index - 1] : this.#last;
        if (this.#isFieldStart || before === QUOTE) this.#isQuoted = true;
      } else if (byte === NEWLINE) {
        this.#isRowStart = true;
        this.#isFieldStart = true;
        continue;
      }
      this.#isFieldStart = byte === this.separator;
    }
    this.#last = bytes[bytes.length - 1] ?? this.#last;
    this.#at += bytes.length;
  }

  #last = 0;

  get size(): number {
    return this.#at;
  }
}

/** Reads all of `stream`. `onProgress` is told how many bytes have come. */
export async function readSeparated(
  stream: ReadableStream<Uint8Array>,
  name: string,
  size: number,
  onProgress: (bytes: number) => void,
): Promise<RowsFile> {
  let kept = new Uint8Array(Math.max(size, 1));
  let length = 0;
  let finder: RowFinder | null = null;
  let separator = ",";
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (value) {
      if (length + value.length > kept.length) {
        const grown = new Uint8Array((length + value.length) * 2);
        grown.set(kept.subarray(0, length));
        kept = grown;
      }
      kept.set(value, length);
      length += value.length;
      onProgress(length);
    }
    if (!finder && (done || length >= SAMPLE_BYTES)) {
      const sample = new TextDecoder().decode(kept.subarray(0, Math.min(length, SAMPLE_BYTES)));
      separator = separatorOf(name, sample);
      finder = new RowFinder(separator.charCodeAt(0));
      finder.take(kept.subarray(0, length));
    } else if (finder && value) finder.take(value);
    if (done) break;
  }
  return rowsIn(kept.subarray(0, length), finder?.starts ?? new Offsets(), separator);
}

function rowsIn(bytes: Uint8Array, starts: Offsets, separator: string): RowsFile {
  const decoder = new TextDecoder();
  const fieldsAt = (row: number): string[] => {
    const start = starts.at(row);
    let end = row + 1 < starts.length ? starts.at(row + 1) : bytes.length;
    if (end > start && bytes[end - 1] === NEWLINE) end -= 1;
    if (end > start && bytes[end - 1] === RETURN) end -= 1;
    return fieldsOf(decoder.decode(bytes.subarray(start, end)), separator);
  };
  const count = Math.max(0, starts.length - 1);
  const head = starts.length > 0 ? fieldsAt(0) : [];
  const sample = Array.from({ length: Math.min(count, SAMPLED_ROWS) }, (_, row) =>
    fieldsAt(row + 1),
  );
  const width = sample.reduce((widest, row) => Math.max(widest, row.length), head.length);
  const columns = Array.from({ length: width }, (_, at): TableColumn => {
    const values = sample.map((row) => row[at] ?? "").filter((value) => value !== "");
    const isNumeric = values.length > 0 && values.every(isNumber);
    const isWhole = isNumeric && values.every((value) => /^\s*[-+]?\d+\s*$/.test(value));
    return {
      name: head[at] ?? "",
      type: isNumeric ? "number" : "text",
      kind: isWhole ? "integer" : isNumeric ? "number" : "text",
      isIndex: false,
    };
  });
  return {
    rows: count,
    columns,
    read: async (top, bottom) =>
      Array.from({ length: Math.max(0, Math.min(bottom, count) - top) }, (_, at) => {
        const fields = fieldsAt(top + at + 1);
        return columns.map(({ kind }, column) => cellOf(fields[column] ?? "", kind !== "text"));
      }),
  };
}

/** Numbers stay as they were written: `007` and `1.50` say more than 7 and 1.5. */
function cellOf(text: string, isNumeric: boolean): CellValue {
  if (text === "") return { as: "missing", text: "", of: null };
  return isNumeric ? { as: "number", text, of: null } : text;
}
