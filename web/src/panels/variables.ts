/** The kernel's answer to `list-variables`, read into our types, found and put in order. */

export interface Variable {
  readonly name: string;
  readonly kind: string;
  readonly module: string;
  readonly shape: readonly number[] | null;
  readonly sizeBytes: number | null;
  readonly preview: string;
  readonly isChanged: boolean;
}

export interface Variables {
  readonly rows: readonly Variable[];
  /** False where the kernel ran out of time, or there were too many. */
  readonly isComplete: boolean;
}

export type Order = "name" | "size" | "type";

export function variablesOf(answer: { readonly [key: string]: unknown }): Variables {
  const { variables, complete } = answer;
  const rows = Array.isArray(variables) ? variables.flatMap((each) => variableOf(each) ?? []) : [];
  return { rows, isComplete: complete !== false };
}

function variableOf(given: unknown): Variable | null {
  if (typeof given !== "object" || given === null) return null;
  const row = given as { readonly [key: string]: unknown };
  if (typeof row.name !== "string") return null;
  const isShape = Array.isArray(row.shape) && row.shape.every((each) => typeof each === "number");
  return {
    name: row.name,
    kind: typeof row.kind === "string" ? row.kind : "",
    module: typeof row.module === "string" ? row.module : "",
    shape: isShape ? (row.shape as number[]) : null,
    sizeBytes: typeof row.size_bytes === "number" ? row.size_bytes : null,
    preview: typeof row.preview === "string" ? row.preview : "",
    isChanged: row.changed === true,
  };
}

/** `2 000 × 4` of a table, `12` of a list. */
export function shapeWords(shape: readonly number[] | null): string {
  return shape === null ? "" : shape.map(String).join(" × ");
}

/** Rows whose name, type or preview holds `query`, in this order. */
export function arranged(
  rows: readonly Variable[],
  query: string,
  order: Order,
): readonly Variable[] {
  const wanted = query.trim().toLowerCase();
  const found = rows.filter((row) =>
    [row.name, row.kind, row.preview].some((text) => text.toLowerCase().includes(wanted)),
  );
  const byName = (a: Variable, b: Variable) => a.name.localeCompare(b.name);
  switch (order) {
    case "name":
      return found.sort(byName);
    case "type":
      return found.sort((a, b) => a.kind.localeCompare(b.kind) || byName(a, b));
    case "size":
      return found.sort((a, b) => (b.sizeBytes ?? -1) - (a.sizeBytes ?? -1) || byName(a, b));
  }
}

export function totalBytes(rows: readonly Variable[]): number {
  return rows.reduce((sum, row) => sum + (row.sizeBytes ?? 0), 0);
}
