/** Cells cut or copied, for this notebook and for others open in this browser. */

export interface CopiedCell {
  readonly kind: string;
  readonly source: string;
  readonly metadata: { readonly [key: string]: unknown };
  readonly attachments?: { readonly [name: string]: unknown };
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
  if (!Array.isArray(value)) return [];
  const cells: CopiedCell[] = [];
  for (const each of value) {
    if (typeof each !== "object" || each === null) continue;
    const { kind, source, metadata, attachments } = each as {
      kind?: unknown;
      source?: unknown;
      metadata?: unknown;
      attachments?: unknown;
    };
    if (typeof kind !== "string" || typeof source !== "string") continue;
    cells.push({
      kind,
      source,
      metadata: isMap(metadata) ? { ...metadata } : {},
      ...(isMap(attachments) ? { attachments } : {}),
    });
  }
  return cells;
}

function isMap(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
