/**
 * Tells of a long run when it ends: by a notice where its last cell is not on the screen, and
 * by the browser's own notification while the page is not looked at, if that was allowed.
 *
 * A run is from the first cell that starts while nothing ran to the moment nothing runs or
 * waits any more; one that takes less than the settings say is not told of.
 */

import type { Execution } from "../protocol/generated";
import { currentSettings } from "../settings/settings-store";
import type { Session } from "../store/session";
import type { SessionStore } from "../store/session-store";
import { notify } from "../ui/notices";
import { counted, durationWords } from "../ui/words";

export interface Run {
  /** Seconds, as the server stamps. */
  readonly since: number;
  readonly cells: number;
  readonly last: string;
}

export interface Ended {
  readonly text: string;
  readonly cellId: string;
  readonly tookS: number;
}

/** The run after this state: begun, longer, or the same one; null while nothing runs. */
export function runOf(before: Run | null, session: Session): Run | null {
  const { running, executions, queue } = session.state;
  const execution = running === null ? undefined : executions[running];
  if (execution) {
    if (before?.last === execution.execution_id) return before;
    const since = before?.since ?? execution.started_at ?? null;
    if (since === null) return before; // it has not been stamped yet
    return { since, cells: (before?.cells ?? 0) + 1, last: execution.execution_id };
  }
  return queue.length > 0 ? before : null;
}

/** How a run that is over went, in words; null for one whose last execution is not known. */
export function endOf(run: Run, session: Session): Ended | null {
  const execution = session.state.executions[run.last];
  if (!execution || execution.finished_at === null) return null;
  const number = session.cells.findIndex((cell) => cell.cell_id === execution.cell_id) + 1;
  const tookS = execution.finished_at - run.since;
  const isWhole = run.cells > 1 && execution.status === "ok";
  const what = isWhole ? counted(run.cells, "cell") : number > 0 ? `Cell ${number}` : "A cell";
  const words = `${what} ${endWords(execution)} after ${durationWords(tookS * 1000)}`;
  return { text: words + reasonOf(execution), cellId: execution.cell_id, tookS };
}

function endWords({ status }: Execution): string {
  switch (status) {
    case "error":
      return "failed";
    case "died":
      return "ended with its kernel";
    case "interrupted":
      return "was interrupted";
    default:
      return "finished";
  }
}

const REASON_MOST = 80;

function reasonOf(execution: Execution): string {
  if (execution.status !== "error") return "";
  const error = execution.outputs.items.findLast((output) => output.kind === "error");
  if (error?.kind !== "error") return "";
  const reason = `${error.name}: ${error.message}`.split("\n", 1)[0] ?? "";
  return `: ${reason.length > REASON_MOST ? `${reason.slice(0, REASON_MOST)}…` : reason}`;
}

/** Watches until the returned function is called. */
export function tellLongRuns(
  store: SessionStore,
  notebookName: string,
  goTo: (cellId: string) => void,
): () => void {
  let run: Run | null = null;
  return store.subscribe(() => {
    const session = store.getSnapshot();
    const before = run;
    run = runOf(before, session);
    if (!before || run) return;
    const ended = endOf(before, session);
    const { noticeAfterS, hasBrowserNotices } = currentSettings();
    if (!ended || noticeAfterS === 0 || ended.tookS < noticeAfterS) return;
    const show = () => goTo(ended.cellId);
    if (!isOnScreen(ended.cellId))
      notify({ text: ended.text, action: { label: "Show", run: show } });
    const isAway = document.hidden || !document.hasFocus();
    if (!isAway || !hasBrowserNotices || !("Notification" in window)) return;
    if (Notification.permission !== "granted") return;
    const notification = new Notification(notebookName, { body: ended.text, tag: notebookName });
    notification.addEventListener("click", () => {
      window.focus();
      show();
      notification.close();
    });
  });
}

function isOnScreen(cellId: string): boolean {
  if (document.hidden) return false;
  const cell = document.querySelector(`.cells [data-cell-id="${CSS.escape(cellId)}"]`);
  const place = cell?.getBoundingClientRect();
  return !!place && place.bottom > 0 && place.top < window.innerHeight;
}
