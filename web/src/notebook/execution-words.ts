/** One execution in the page's words: the mark in the margin, the line under it, the
 * attribute that tests and other programs read. Pure. */

import type { Execution } from "../protocol/generated";
import { durationWords, momentWords } from "../ui/words";

/** The value of `data-execution`. */
export type ExecutionMark =
  | "never"
  | "queued"
  | "running"
  | "finished"
  | "failed"
  | "interrupted"
  | "stale";

export function markOf(execution: Execution | null, isEdited: boolean): ExecutionMark {
  if (!execution) return "never";
  if (execution.phase !== "finished") return execution.phase;
  if (isEdited) return "stale";
  switch (execution.status) {
    case "error":
    case "died":
      return "failed";
    case "interrupted":
    case "aborted":
    case "cancelled":
      return "interrupted";
    default:
      return "finished";
  }
}

/** What stands in the brackets: `5`, `*` or nothing. */
export function bracketOf(execution: Execution | null): string {
  if (!execution) return " ";
  if (execution.phase !== "finished") return "*";
  return execution.execution_count === null ? " " : String(execution.execution_count);
}

/** The short line under the brackets, for an execution that is over. */
export function underMark(execution: Execution | null, isEdited: boolean): string {
  if (execution?.phase !== "finished") return "";
  if (isEdited) return "edited";
  switch (execution.status) {
    case "error":
      return "failed";
    case "died":
      return "died";
    case "interrupted":
      return "interrupted";
    case "aborted":
      return "skipped";
    case "cancelled":
      return "cancelled";
    default:
      return execution.took_ms === null ? "" : durationWords(execution.took_ms);
  }
}

const STATUS: Readonly<Record<string, string>> = {
  ok: "Finished",
  error: "Failed",
  died: "The kernel died while it ran",
  interrupted: "Interrupted",
  aborted: "Skipped, since a cell before it failed",
  cancelled: "Taken out of the queue",
};

/** A sentence for a tooltip and a screen reader. */
export function sentenceOf(execution: Execution | null, isEdited: boolean, who = ""): string {
  if (!execution) return "Not run yet";
  const by = who === "" ? "" : `, asked for by ${who}`;
  if (execution.phase === "queued") return `Waits in the queue${by}`;
  if (execution.phase === "running") return `Running${by}`;
  const said = [STATUS[execution.status ?? "ok"] ?? "Finished"];
  if (execution.took_ms !== null) said.push(`after ${durationWords(execution.took_ms)}`);
  if (execution.finished_at !== null) said.push(`at ${momentWords(execution.finished_at)}`);
  return said.join(" ") + by + (isEdited ? "; edited since" : "");
}
