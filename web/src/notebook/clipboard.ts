/**
 * Cells cut or copied: for this notebook and the others open in this browser through its
 * storage, for other programs as the JSON of a notebook in the system's clipboard. What is
 * pasted may be such JSON, or any text: then it becomes cells, cut at `# %%`.
 */

export interface CopiedCell {
  readonly kind: string;
  readonly source: string;
  readonly metadata: { readonly [key: string]: unknown };
  readonly attachments?: { readonly [name: string]: unknown };
  /** Where it was; a cell that was cut comes back as itself, with its outputs. */
  readonly cellId?: string;
}

const KEY = "tailrace.cells";

export function putCells(cells: readonly CopiedCell[]): void {
  localStorage.setItem(KEY, JSON.stringify(cells));
}

export function takeCells(): readonly CopiedCell[] {
  try {
    return cellsFrom(JSON.parse(localStorage.getItem(KEY) ?? "[]"));
  } catch {
    return []; // somebody else wrote there
  }
}

function cellsFrom(value: unknown): CopiedCell[] {
  return Array.isArray(value) ? value.flatMap((each) => cellFrom(each) ?? []) : [];
}

function isMap(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A cell of ours, or one of a notebook file. */
function cellFrom(value: unknown): CopiedCell | null {
  if (!isMap(value)) return null;
  const { source: lines, metadata, attachments, cellId } = value;
  const kind = value.kind ?? value.cell_type;
  const isLines = Array.isArray(lines) && lines.every((line) => typeof line === "string");
  const source = isLines ? lines.join("") : lines;
  if (typeof kind !== "string" || typeof source !== "string") return null;
  return {
    kind,
    source: source.replaceAll("\r\n", "\n").replaceAll("\r", "\n"),
    metadata: isMap(metadata) ? { ...metadata } : {},
    ...(isMap(attachments) ? { attachments: { ...attachments } } : {}),
    ...(typeof cellId === "string" ? { cellId } : {}),
  };
}

/** The cells as the text of a notebook file. */
export function notebookText(cells: readonly CopiedCell[]): string {
  const written = cells.map(({ kind, source, metadata, attachments }) => ({
    cell_type: kind === "markdown" || kind === "raw" ? kind : "code",
    metadata,
    source,
    ...(attachments && kind !== "code" ? { attachments } : {}),
    ...(kind === "markdown" || kind === "raw" ? {} : { execution_count: null, outputs: [] }),
  }));
  return JSON.stringify({ cells: written, metadata: {}, nbformat: 4, nbformat_minor: 4 }, null, 1);
}

/** The cells of a text that was pasted: a notebook's JSON, cells of one, or plain text. */
export function cellsOfText(text: string): readonly CopiedCell[] {
  if (/^\s*[[{]/.test(text)) {
    try {
      const found = cellsOfJson(JSON.parse(text));
      if (found.length > 0) return found;
    } catch {
      // It only looks like JSON: it is text.
    }
  }
  return text.trim() === "" ? [] : cellsOfPlain(text);
}

function cellsOfJson(value: unknown): CopiedCell[] {
  if (isMap(value) && Array.isArray(value.cells)) return cellsFrom(value.cells);
  return cellsFrom(Array.isArray(value) ? value : [value]);
}

const MARK = /^# ?%%(.*)$/;

function cellsOfPlain(text: string): CopiedCell[] {
  const parts: { kind: string; lines: string[] }[] = [{ kind: "code", lines: [] }];
  for (const line of text.replaceAll("\r\n", "\n").replaceAll("\r", "\n").split("\n")) {
    const mark = MARK.exec(line);
    if (!mark) parts.at(-1)?.lines.push(line);
    else
      parts.push({
        kind: /\[(markdown|md)\]/.test(mark[1] ?? "") ? "markdown" : "code",
        lines: [],
      });
  }
  return parts.flatMap(({ kind, lines }) => {
    const plain = kind === "markdown" ? lines.map((line) => line.replace(/^# ?/, "")) : lines;
    const source = plain.join("\n").replace(/^\n+|\s+$/g, "");
    return source === "" ? [] : [{ kind, source, metadata: {} }];
  });
}

/** Into the system's clipboard too; where the browser forbids it, only our own has them. */
export function offerToSystem(cells: readonly CopiedCell[]): void {
  void navigator.clipboard?.writeText(notebookText(cells)).catch(() => undefined);
}
