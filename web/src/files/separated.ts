/** A row of comma- or tab-separated text into fields (RFC 4180, and what people write). Pure. */

/** The separator that the first line has most of, for a file whose name does not say. */
export function separatorOf(name: string, text: string): string {
  if (name.toLowerCase().endsWith(".tsv")) return "\t";
  const line = text.slice(0, Math.max(0, text.indexOf("\n"))) || text;
  const counts = [",", ";", "\t", "|"].map((sign) => ({ sign, count: line.split(sign).length }));
  return counts.reduce((best, each) => (each.count > best.count ? each : best)).sign;
}

export function isNumber(value: string): boolean {
  return value.trim() !== "" && Number.isFinite(Number(value));
}

/** The fields of one row, without the line's end. */
export function fieldsOf(text: string, separator: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    const [field, end] = text[at] === '"' ? quoted(text, at, separator) : bare(text, at, separator);
    fields.push(field);
    if (text[end] !== separator) return fields;
    at = end + 1;
  }
}

function bare(text: string, from: number, separator: string): [string, number] {
  let end = from;
  while (end < text.length) {
    const sign = text[end];
    if (sign === separator) break;
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
