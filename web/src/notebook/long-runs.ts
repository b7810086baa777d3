/**
 * Tells of a long run when it ends: by a notice where its last cell is not on the screen, and
 * by the browser's own notification while the page is not looked at, if that was allowed.
 *
 * A run is from the first cell that starts while nothing ran to the moment nothing runs or
 * waits any more; one that takes less than the settings say is not told of. It is known by the
 * executions that ended: on a busy page, or after a lost connection, a run begins and ends
 * between two looks.
 */

import type { Execution, SessionState } from "../protocol/generated";
import { currentSettings } from "../settings/settings-store";
import type { Session } from "../store/session";
import type { SessionStore } from "../store/session-store";
import { notify } from "../ui/notices";
import { counted, durationWords } from "../ui/words";

export interface Ended {
  readonly text: string;
  readonly cellId: string;
  readonly tookS: number;
}

/** What of a session's runs has been seen. */
export interface Watch {
  /** When the latest execution ended, as the server stamps, in seconds; null: not loaded yet. */
  readonly upto: number | null;
  readonly executions: SessionState["executions"];
  /** The run that has ended since the look before, also one that began since then. */
  readonly ended: Ended | null;
}

export const UNWATCHED: Watch = { upto: null, executions: {}, ended: null };

export function watched(before: Watch, session: Session): Watch {
  const { executions, running, queue } = session.state;
  const { upto } = before;
  if (!session.isLoaded) return before;
  if (upto === null) return { upto: latestEnd(executions), executions, ended: null };
  const isBusy = running !== null || queue.length > 0;
  if (isBusy || executions === before.executions) return { ...before, ended: null };
  const run = Object.values(executions).filter(
    ({ started_at, finished_at }) => started_at !== null && (finished_at ?? 0) > upto,
  );
  return {
    upto: Math.max(upto, latestEnd(executions)),
    executions,
    ended: run.length > 0 ? endOf(run, session) : null,
  };
}

function latestEnd(executions: Watch["executions"]): number {
  return Object.values(executions).reduce((end, each) => Math.max(end, each.finished_at ?? 0), 0);
}

/** How the run of these executions went, in words. */
function endOf(run: readonly Execution[], session: Session): Ended {
  const last = run.reduce((a, b) => ((b.finished_at ?? 0) > (a.finished_at ?? 0) ? b : a));
  const since = Math.min(...run.map(({ started_at }) => started_at ?? Number.POSITIVE_INFINITY));
  const number = session.cells.findIndex((cell) => cell.cell_id === last.cell_id) + 1;
  const tookS = (last.finished_at ?? 0) - since;
  const isWhole = run.length > 1 && last.status === "ok";
  const what = isWhole ? counted(run.length, "cell") : number > 0 ? `Cell ${number}` : "A cell";
  const words = `${what} ${endWords(last)} after ${durationWords(tookS * 1000)}`;
  return { text: words + reasonOf(last), cellId: last.cell_id, tookS };
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
  let watch = watched(UNWATCHED, store.getSnapshot());
  return store.subscribe(() => {
    watch = watched(watch, store.getSnapshot());
    const { ended } = watch;
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
