/**
 * Rows that a file holds, read by part, and answers about them as a kernel would give of a data
 * frame (docs/spec/tables.md). So a file is shown by the same grid.
 *
 * Rows of a file that is small enough are all kept once somebody sorts, filters or searches;
 * of a larger one that is refused with a word, since it would have to be read whole each time.
 */

import type { AskTable } from "../outputs/table/table-source";
import type { CellValue, TableColumn, TableValue } from "../outputs/table/table-value";
import { isWhole, type View } from "../outputs/table/view";
import { orderOf, statisticsOf } from "./row-order";

export interface RowsFile {
  readonly rows: number;
  readonly columns: readonly TableColumn[];
  /** Rows from `top` to `bottom`, which is not with them: all columns. */
  read(top: number, bottom: number): Promise<readonly (readonly CellValue[])[]>;
}

export const ROWS_IN_MEMORY = 300_000;
export const CELLS_IN_MEMORY = 6_000_000;
const FIRST_ROWS = 50;

export async function tableOf(file: RowsFile): Promise<TableValue> {
  return {
    handle: "file",
    library: "file",
    rows: file.rows,
    hasMore: false,
    isSnapshot: true,
    columnCount: file.columns.length,
    columns: file.columns,
    first: await file.read(0, Math.min(file.rows, FIRST_ROWS)),
    formats: [],
  };
}

/** Answers `page` and `stats` for the table of `file`. */
export function asking(file: RowsFile): AskTable {
  let whole: Promise<readonly (readonly CellValue[])[]> | null = null;
  let ordered: { readonly key: string; readonly order: Uint32Array } | null = null;
  const isSmall = file.rows <= ROWS_IN_MEMORY && file.rows * file.columns.length <= CELLS_IN_MEMORY;

  const allRows = () => {
    whole ??= file.read(0, file.rows);
    return whole;
  };

  return async (request) => {
    if (request.kind !== "table") return { problem: "a file answers of its rows only" };
    const { action = "page", offset = 0, limit = 100, columns } = request;
    const wanted = columns ?? file.columns.map((_, at) => at);
    const view: View = {
      sort: request.sort ?? [],
      filters: request.filters ?? [],
      search: request.search ?? "",
    };
    if (action === "stats") {
      if (!isSmall) return { columns: {}, problem: TOO_LARGE };
      return { columns: statisticsOf(await allRows(), file.columns, wanted), working: false };
    }
    if (isWhole(view)) {
      const rows = await file.read(offset, Math.min(file.rows, offset + limit));
      return { rows: file.rows, offset, cells: rows.map((row) => picked(row, wanted)) };
    }
    if (!isSmall) return { problem: TOO_LARGE };
    const rows = await allRows();
    const key = JSON.stringify(view);
    if (ordered?.key !== key) ordered = { key, order: orderOf(rows, file.columns, view) };
    const found = [...ordered.order.subarray(offset, offset + limit)];
    const cells = found.map((row) => picked(rows[row] ?? [], wanted));
    return { rows: ordered.order.length, offset, cells };
  };
}

const TOO_LARGE = "This file is too large to be sorted or searched here; read it in a notebook.";

function picked(row: readonly CellValue[], columns: readonly number[]): CellValue[] {
  return columns.map((column) => row[column] ?? null);
}
