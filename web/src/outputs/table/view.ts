/** What a person asked to see of a table: order, filters, search. Values, and words for them. */

import type { TableFilter, TableSort } from "../../protocol/generated";

export interface View {
  readonly sort: readonly TableSort[];
  readonly filters: readonly TableFilter[];
  readonly search: string;
}

export const WHOLE: View = { sort: [], filters: [], search: "" };

export function isWhole({ sort, filters, search }: View): boolean {
  return sort.length === 0 && filters.length === 0 && search === "";
}

/** How rows are ordered by a column: null when they are not. `rank` counts from 1. */
export function sortOf(view: View, column: number): { descending: boolean; rank: number } | null {
  const at = view.sort.findIndex((each) => each.column === column);
  const found = view.sort[at];
  return found ? { descending: found.descending ?? false, rank: at + 1 } : null;
}

/** A click on a head: up, down, not at all. `isMore` keeps the other columns' order. */
export function sortToggled(view: View, column: number, isMore: boolean): View {
  const now = sortOf(view, column);
  const next: TableSort | null = !now
    ? { column, descending: false }
    : now.descending
      ? null
      : { column, descending: true };
  return sorted(view, column, next, isMore);
}

export function sorted(view: View, column: number, next: TableSort | null, isMore: boolean): View {
  if (!isMore) return { ...view, sort: next ? [next] : [] };
  const kept = view.sort.flatMap((each) => {
    if (each.column !== column) return [each];
    return next ? [next] : [];
  });
  const isNew = next && !view.sort.some((each) => each.column === column);
  return { ...view, sort: isNew ? [...kept, next] : kept };
}

/** `filters` instead of those that the column had. */
export function filtered(view: View, column: number, filters: readonly TableFilter[]): View {
  return {
    ...view,
    filters: [...view.filters.filter((each) => each.column !== column), ...filters],
  };
}

export function filtersOf(view: View, column: number): readonly TableFilter[] {
  return view.filters.filter((each) => each.column === column);
}

/** `between 2 and 5`, `contains “ab”`. */
export function filterWords(filter: TableFilter): string {
  switch (filter.test) {
    case "between": {
      const { low = null, high = null } = filter;
      if (low === null) return `≤ ${high}`;
      return high === null ? `≥ ${low}` : `${low} to ${high}`;
    }
    case "contains":
      return `contains “${filter.text ?? ""}”`;
    case "one-of": {
      const values = filter.values ?? [];
      const shown = values.slice(0, 3).map((value) => `“${value}”`);
      return `is ${shown.join(" or ")}${values.length > 3 ? ` or ${values.length - 3} more` : ""}`;
    }
    case "missing":
      return "is missing";
    case "present":
      return "is there";
  }
}

/** The address of the view as a file, below the server's base. */
export function filePath(notebookId: string, handle: string, format: string, view: View): string {
  const query = new URLSearchParams();
  if (view.sort.length > 0) query.set("sort", JSON.stringify(view.sort));
  if (view.filters.length > 0) query.set("filters", JSON.stringify(view.filters));
  if (view.search !== "") query.set("search", view.search);
  const end = query.size > 0 ? `?${query}` : "";
  return `api/v1/notebooks/${notebookId}/tables/${handle}.${format}${end}`;
}
