/** What the active cell ran before, with how the text of then differs from the one of now. */

import {
  type ReactNode,
  useCallback,
  useEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";
import { messageOf } from "../core/message-of";
import { executionOf } from "../core/selectors";
import type { Session } from "../store/session";
import { useCellOrder, useSession } from "../store/use-session";
import { useNotebook, useSource } from "../sync/use-notebook";
import { Button } from "../ui/button";
import { counted, durationWords, momentWords } from "../ui/words";
import { lineDiff } from "./line-diff";
import {
  actorWords,
  type Past,
  type PastExecution,
  pastExecutions,
  statusWords,
} from "./past-executions";
import type { PanelProps } from "./side-panel";

export function HistoryPanel({ activeCell, acts }: PanelProps) {
  const cells = useCellOrder();
  const at = cells.findIndex((cell) => cell.cell_id === activeCell);
  const kind = cells[at]?.kind;
  if (activeCell === null || at < 0) return <p className="panel-empty">No cell is selected.</p>;
  if (kind !== "code") {
    return <p className="panel-empty">Only code cells run. Select one to see what it ran.</p>;
  }
  return (
    <CellHistory
      key={activeCell}
      cellId={activeCell}
      number={at + 1}
      put={acts.replaceSource}
      draw={acts.drawOutputs}
    />
  );
}

interface CellHistoryProps {
  readonly cellId: string;
  readonly number: number;
  readonly put: (cellId: string, source: string) => void;
  readonly draw: (executionId: string) => ReactNode;
}

function CellHistory({ cellId, number, put, draw }: CellHistoryProps) {
  const { past, problem } = usePast(cellId);
  const { clientId } = useNotebook();
  const [shown, setShown] = useState<string | null>(null);
  const source = useSourceNow(cellId);
  return (
    <>
      <div className="panel-body">
        {problem !== null && <p className="panel-problem">{problem}</p>}
        {past && past.executions.length === 0 && (
          <p className="panel-empty">
            Cell {number} has not run here yet. Each run is kept with the text that ran.
          </p>
        )}
        <ol className="past" aria-label={`Executions of cell ${number}`}>
          {past?.executions.map((execution) => {
            const { executionId } = execution;
            const isOpen = shown === executionId;
            return (
              <li key={executionId} data-execution-id={executionId}>
                <button
                  type="button"
                  aria-expanded={isOpen}
                  onClick={() => setShown(isOpen ? null : executionId)}
                >
                  <Line execution={execution} actor={actorWords(execution.actor, clientId)} />
                  <span className="past-source">{firstLine(execution.source)}</span>
                </button>
                {isOpen && (
                  <>
                    <Difference
                      before={execution.source}
                      after={source}
                      onPut={() => put(cellId, execution.source)}
                    />
                    <section className="past-shown" aria-label="What it showed">
                      {draw(executionId)}
                    </section>
                  </>
                )}
              </li>
            );
          })}
        </ol>
      </div>
      {past && past.executions.length > 0 && (
        <div className="panel-foot" role="status">
          Cell {number}: {counted(past.executions.length, "execution")}
          {!past.isComplete && ", the newest"}
        </div>
      )}
    </>
  );
}

function Line({ execution, actor }: { readonly execution: PastExecution; readonly actor: string }) {
  const { status, count, tookMs, queuedAt } = execution;
  const mood =
    status === "error" || status === "died" ? "failed" : status === "ok" ? "ok" : "other";
  return (
    <span className="past-line">
      <span className="past-count">{count === null ? "[ ]" : `[${count}]`}</span>
      <span className="past-status" data-mood={mood}>
        {statusWords(execution)}
      </span>
      <span>{tookMs === null ? "" : durationWords(tookMs)}</span>
      <time
        dateTime={new Date(queuedAt * 1000).toISOString()}
        title={`${new Date(queuedAt * 1000).toLocaleString()}, by ${actor}`}
      >
        {momentWords(queuedAt)}
      </time>
      <span className="past-actor">{actor}</span>
    </span>
  );
}

function firstLine(source: string): string {
  const line = source.trimStart().split("\n", 1)[0] ?? "";
  return line === "" ? "(empty)" : line;
}

const SIGNS = { same: " ", gone: "−", new: "+" } as const;
const NAMES = { same: "", gone: "only then: ", new: "only now: " } as const;

function Difference(props: {
  readonly before: string;
  readonly after: string;
  readonly onPut: () => void;
}) {
  const { before, after, onPut } = props;
  const lines = useMemo(() => lineDiff(before, after), [before, after]);
  const isSame = before === after;
  return (
    <div className="past-difference">
      <p>{isSame ? "The same text as now." : "− ran then, + stands there now"}</p>
      <section
        className="diff"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
        tabIndex={0}
        aria-label="The text that ran, beside the one of now"
      >
        {lines.map((line, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no other name
          <span key={at} className="diff-line" data-kind={line.kind}>
            <span aria-hidden="true">{SIGNS[line.kind]} </span>
            <span className="visually-hidden">{NAMES[line.kind]}</span>
            {`${line.text}\n`}
          </span>
        ))}
      </section>
      {!isSame && <Button onClick={onPut}>Put this text back</Button>}
    </div>
  );
}

/** Asked for anew whenever the cell's newest execution changes its phase. */
function usePast(cellId: string): { past: Past | null; problem: string | null } {
  const { server } = useNotebook();
  const notebookId = useSession(notebookIdOf);
  const select = useCallback(
    (session: Session) => {
      const newest = executionOf(session.confirmed, cellId);
      return `${newest?.execution_id} ${newest?.phase}`;
    },
    [cellId],
  );
  const newest = useSession(select);
  const [past, setPast] = useState<Past | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `newest` says that there is more
  useEffect(() => {
    if (notebookId === null) return;
    const controller = new AbortController();
    pastExecutions(server, notebookId, cellId, controller.signal).then(
      (found) => {
        setPast(found);
        setProblem(null);
      },
      (reason: unknown) => {
        if (controller.signal.aborted) return;
        setProblem(messageOf(reason));
      },
    );
    return () => controller.abort();
  }, [server, notebookId, cellId, newest]);
  return { past, problem };
}

function useSourceNow(cellId: string): string {
  const text = useSource(cellId);
  const subscribe = useCallback(
    (wake: () => void) => {
      text?.observe(wake);
      return () => text?.unobserve(wake);
    },
    [text],
  );
  return useSyncExternalStore(subscribe, () => text?.toString() ?? "");
}

const notebookIdOf = (session: Session) => session.notebook?.notebook_id ?? null;
