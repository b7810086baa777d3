/** The whole of an execution's output, read from the log by page (SYNC-27 to SYNC-29). */

import type { Server } from "../sync/server";

export interface Match {
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

export interface Matches {
  readonly matches: readonly Match[];
  readonly next: number | null;
}

export interface Transcript {
  /** Up to `count` lines from `from` on, without their newlines; a display or an error is
   * one line in brackets. */
  lines(from: number, count: number): Promise<readonly string[]>;
  search(query: string, from: number): Promise<Matches>;
  /** Where all of the text can be downloaded. */
  readonly textAddress: string;
}

export interface WholeTranscript extends Transcript {
  /** All of it, however long. */
  text(): Promise<string>;
}

export function transcriptOf(
  server: Server,
  notebookId: string,
  executionId: string,
): WholeTranscript {
  const path = `api/v1/notebooks/${notebookId}/executions/${executionId}`;
  const fetched = async (rest: string): Promise<unknown> =>
    (await server.request("GET", `${path}/${rest}`)).json();
  return {
    textAddress: server.url(`${path}/text`),
    async text() {
      return (await server.request("GET", `${path}/text`)).text();
    },
    async lines(from, count) {
      return linesOf(await fetched(`lines?from=${from}&count=${count}`), from);
    },
    async search(query, from) {
      return matchesOf(await fetched(`search?query=${encodeURIComponent(query)}&from=${from}`));
    },
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Exported for its tests: the lines that a page of items covers. */
export function linesOf(page: unknown, from: number): readonly string[] {
  if (!isObject(page) || !Array.isArray(page.items) || typeof page.lines !== "number") return [];
  const lines: string[] = [];
  let covered = page.lines;
  for (const item of page.items) {
    if (!isObject(item) || typeof item.line !== "number") continue;
    const at = item.line - from;
    if (item.kind === "text" && typeof item.text === "string") {
      for (const [offset, text] of item.text.split("\n").entries()) {
        lines[at + offset] = (lines[at + offset] ?? "") + text;
      }
      // An unfinished last line is a line that a person sees, though it ends none.
      const newlines = item.text.split("\n").length - 1;
      if (!item.text.endsWith("\n") && at + newlines >= covered) covered = at + newlines + 1;
    } else if (item.kind === "display") {
      lines[at] = "[a picture or another display]";
    } else if (item.kind === "error") {
      lines[at] = `[${String(item.name)}: ${String(item.message)}]`;
    }
  }
  return Array.from({ length: covered }, (_, index) => lines[index] ?? "");
}

function matchesOf(found: unknown): Matches {
  if (!isObject(found) || !Array.isArray(found.matches)) return { matches: [], next: null };
  const matches: Match[] = [];
  for (const match of found.matches) {
    if (!isObject(match)) continue;
    const { line, column, text } = match;
    if (typeof line === "number" && typeof column === "number" && typeof text === "string") {
      matches.push({ line, column, text });
    }
  }
  return { matches, next: typeof found.next === "number" ? found.next : null };
}
