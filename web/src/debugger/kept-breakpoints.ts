/**
 * Breakpoints of the notebooks that were debugged last, kept in this browser: a kernel forgets
 * its own when it ends, and a page when it is left (PAGE-60).
 */

export type Breakpoints = ReadonlyMap<string, readonly number[]>;

const KEY = "tailrace.breakpoints";
const MOST = 50; // notebooks

/** A notebook's id, and the lines of each of its cells, from 1. */
type Entry = readonly [string, readonly (readonly [string, readonly number[]])[]];

function isLines(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((line) => Number.isInteger(line) && line > 0);
}

function isEntry(value: unknown): value is Entry {
  if (!Array.isArray(value)) return false;
  const [id, cells] = value;
  return (
    typeof id === "string" &&
    Array.isArray(cells) &&
    cells.every((cell) => Array.isArray(cell) && typeof cell[0] === "string" && isLines(cell[1]))
  );
}

function entries(): readonly Entry[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter(isEntry) : [];
  } catch {
    return []; // somebody else wrote there
  }
}

export function keptBreakpoints(notebookId: string): Breakpoints {
  return new Map(entries().find(([id]) => id === notebookId)?.[1]);
}

export function keepBreakpoints(notebookId: string, breakpoints: Breakpoints): void {
  const others = entries().filter(([id]) => id !== notebookId);
  const ours: readonly Entry[] = breakpoints.size > 0 ? [[notebookId, [...breakpoints]]] : [];
  try {
    localStorage.setItem(KEY, JSON.stringify([...ours, ...others].slice(0, MOST)));
  } catch {
    // The browser's store is full or closed: they last as long as the page then.
  }
}
