/** The outputs of an earlier execution, as the log has them: the first lines, in their forms. */

import { useEffect, useState } from "react";
import { messageOf } from "../core/message-of";
import { appendDisplay, appendError, appendText } from "../core/outputs";
import { NO_OUTPUTS } from "../core/state";
import { OutputList } from "../outputs/output-list";
import { OutputPlaceProvider } from "../outputs/place";
import type { Execution, Outputs } from "../protocol/generated";
import { useNotebook } from "../sync/use-notebook";
import { counted } from "../ui/words";
import { useOutputHome } from "./output-home";

const LINES = 400;
const NO_ACTS = {};
const PLAIN = { scroll: "auto", setScroll: () => {}, hide: () => {} } as const;

interface Past {
  readonly outputs: Outputs;
  readonly more: number;
}

export function PastOutputs({ executionId }: { readonly executionId: string }) {
  const session = useNotebook();
  const home = useOutputHome();
  const [past, setPast] = useState<Past | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const { notebookId, server } = session;

  useEffect(() => {
    const controller = new AbortController();
    const path = `api/v1/notebooks/${notebookId}/executions/${executionId}/lines`;
    server
      .request("GET", `${path}?from=0&count=${LINES}`, undefined, controller.signal)
      .then((answer) => answer.json())
      .then(
        (answer: unknown) => setPast(pastOf(answer)),
        (reason: unknown) => {
          if (controller.signal.aborted) return;
          setProblem(messageOf(reason));
        },
      );
    return () => controller.abort();
  }, [server, notebookId, executionId]);

  if (problem !== null) return <p className="panel-problem">{problem}</p>;
  if (!past || !home) return null;
  if (past.outputs.items.length === 0) return <p className="panel-empty">It showed nothing.</p>;
  return (
    <OutputPlaceProvider value={home}>
      <div className="past-outputs">
        <OutputList
          execution={executionWith(executionId, past.outputs)}
          errorActs={NO_ACTS}
          look={PLAIN}
          hasTools={false}
        />
        {past.more > 0 && <p className="panel-empty">and {counted(past.more, "line")} more</p>}
      </div>
    </OutputPlaceProvider>
  );
}

export function pastOf(answer: unknown): Past {
  const page = (answer ?? {}) as { readonly [key: string]: unknown };
  const items = Array.isArray(page.items) ? page.items : [];
  const outputs = items.reduce<Outputs>(withItem, NO_OUTPUTS);
  const { lines, total_lines: total } = page;
  const more = typeof lines === "number" && typeof total === "number" ? total - lines : 0;
  return { outputs, more: Math.max(0, more) };
}

function withItem(outputs: Outputs, given: unknown): Outputs {
  if (typeof given !== "object" || given === null) return outputs;
  const item = given as { readonly [key: string]: unknown };
  switch (item.kind) {
    case "text": {
      const name = item.stream === "stderr" ? "stderr" : "stdout";
      return typeof item.text === "string" ? appendText(outputs, name, item.text) : outputs;
    }
    case "display":
      return appendDisplay(outputs, {
        data: mapOf(item.data),
        metadata: mapOf(item.metadata),
        display_id: null,
        execution_count: typeof item.execution_count === "number" ? item.execution_count : null,
      });
    case "error":
      return appendError(outputs, {
        name: String(item.name),
        message: String(item.message),
        traceback: Array.isArray(item.traceback) ? item.traceback.map(String) : [],
      });
    default:
      return outputs;
  }
}

function mapOf(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function executionWith(executionId: string, outputs: Outputs): Execution {
  return {
    execution_id: executionId,
    cell_id: "",
    phase: "finished",
    source: null,
    stop_on_error: true,
    actor: "",
    status: null,
    execution_count: null,
    queued_at: null,
    started_at: null,
    finished_at: null,
    took_ms: null,
    outputs,
  };
}
