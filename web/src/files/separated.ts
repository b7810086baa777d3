/** Comma- and tab-separated text into rows (RFC 4180, and what people write). Pure. */

export interface Separated {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Columns whose every value is a number, or nothing. */
  readonly numeric: ReadonlySet<number>;
}

/** The separator that the first line has most of, for a file whose name does not say. */
export function separatorOf(name: string, text: string): string {
  if (name.toLowerCase().endsWith(".tsv")) return "\t";
  const line = text.slice(0, Math.max(0, text.indexOf("\n"))) || text;
  const counts = [",", ";", "\t", "|"].map((sign) => ({ sign, count: line.split(sign).length }));
  return counts.reduce((best, each) => (each.count > best.count ? each : best)).sign;
}

export function separated(text: string, separator: string): Separated {
  const rows = rowsOf(text.startsWith("\ufeff") ? text.slice(1) : text, separator);
  const width = rows.reduce((widest, row) => Math.max(widest, row.length), 0);
  const [first = [], ...rest] = rows;
  const head = Array.from({ length: width }, (_, at) => first[at] ?? "");
  const numeric = new Set<number>();
  for (let column = 0; column < width; column += 1) {
    const values = rest.map((row) => row[column] ?? "").filter((value) => value !== "");
    if (values.length > 0 && values.every(isNumber)) numeric.add(column);
  }
  return { head, rows: rest, numeric };
}

function isNumber(value: string): boolean {
  return value.trim() !== "" && Number.isFinite(Number(value));
}

function rowsOf(text: string, separator: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = 0;
  while (at < text.length) {
    const [field, end] = text[at] === '"' ? quoted(text, at, separator) : bare(text, at, separator);
    row.push(field);
    at = end;
    if (text[at] === separator) {
      at += 1;
      if (at === text.length) row.push("");
      continue;
    }
    if (text[at] === "\r") at += 1;
    if (text[at] === "\n") at += 1;
    rows.push(row);
    row = [];
  }
  if (row.length > 0) rows.push(row);
  return rows;
}

function bare(text: string, from: number, separator: string): [string, number] {
  let end = from;
  while (end < text.length) {
    const sign = text[end];
    if (sign === separator || sign === "\n" || (sign === "\r" && text[end + 1] === "\n")) break;
    end += 1;
  }
  return [text.slice(from, end), end];
}

/** A doubled quote stands for one; what follows the closing one belongs to the field. */
function quoted(text: string, from: number, separator: string): [string, number] {
  let field = "";
  let at = from + 1;
  while (at < text.length) {
    const end = text.indexOf('"', at);
    if (end < 0) return [field + text.slice(at), text.length];
    field += text.slice(at, end);
    if (text[end + 1] !== '"') {
      const [rest, after] = bare(text, end + 1, separator);
      return [field + rest, after];
    }
    field += '"';
    at = end + 2;
  }
  return [field, at];
}
