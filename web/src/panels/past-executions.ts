/** A cell's earlier executions, as the server reads them from the log (PAGE-1). */

import type { Server } from "../sync/server";

export interface PastExecution {
  readonly executionId: string;
  readonly actor: string;
  readonly source: string;
  readonly queuedAt: number;
  readonly finishedAt: number | null;
  readonly startedAt: number | null;
  readonly status: string | null;
  readonly count: number | null;
  readonly tookMs: number | null;
}

export interface Past {
  readonly executions: readonly PastExecution[];
  readonly isComplete: boolean;
}

export async function pastExecutions(
  server: Server,
  notebookId: string,
  cellId: string,
  signal: AbortSignal,
): Promise<Past> {
  const path = `api/v1/notebooks/${notebookId}/cells/${encodeURIComponent(cellId)}/executions`;
  const answer: unknown = await (await server.request("GET", path, undefined, signal)).json();
  return pastOf(answer);
}

export function pastOf(answer: unknown): Past {
  const { executions, complete } = (answer ?? {}) as { executions?: unknown; complete?: unknown };
  const list = Array.isArray(executions) ? executions : [];
  return {
    executions: list.flatMap((each) => executionOf(each) ?? []),
    isComplete: complete === true,
  };
}

function executionOf(given: unknown): PastExecution | null {
  if (typeof given !== "object" || given === null) return null;
  const row = given as { readonly [key: string]: unknown };
  const { execution_id, actor, source, queued_at } = row;
  if (typeof execution_id !== "string" || typeof source !== "string") return null;
  return {
    executionId: execution_id,
    source,
    actor: typeof actor === "string" ? actor : "",
    queuedAt: numberOrNull(queued_at) ?? 0,
    startedAt: numberOrNull(row.started_at),
    finishedAt: numberOrNull(row.finished_at),
    status: typeof row.status === "string" ? row.status : null,
    count: numberOrNull(row.execution_count),
    tookMs: numberOrNull(row.took_ms),
  };
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

/** Who asked for it, for the person at this page. */
export function actorWords(actor: string, ownClient: string): string {
  if (actor === `client:${ownClient}`) return "this page";
  if (actor === "client:headless") return "tailrace run";
  if (actor.startsWith("client:")) return "another page";
  if (actor.startsWith("agent:")) return `${actor.slice("agent:".length)} (agent)`;
  return actor.split(":", 1)[0] === "server" ? "the server" : actor;
}

const STATUS: Readonly<Record<string, string>> = {
  ok: "finished",
  error: "failed",
  interrupted: "interrupted",
  aborted: "skipped",
  cancelled: "cancelled",
  died: "died",
};

export function statusWords(execution: PastExecution): string {
  if (execution.status !== null) return STATUS[execution.status] ?? execution.status;
  if (execution.finishedAt !== null) return "finished";
  return execution.startedAt === null ? "waits" : "runs";
}
