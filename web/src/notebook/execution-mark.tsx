/** The margin of a code cell: run or stop it, see how it stands and how long it took. */

import { useCallback } from "react";
import { queuePlace } from "../core/selectors";
import { actorWords } from "../panels/past-executions";
import type { Execution } from "../protocol/generated";
import type { Session } from "../store/session";
import { useSession } from "../store/use-session";
import { useNow } from "../ui/clock";
import { Icon } from "../ui/icon";
import { clockWords } from "../ui/words";
import { bracketOf, sentenceOf, underMark } from "./execution-words";
import { useDesk } from "./use-view";

interface MarkProps {
  readonly cellId: string;
  readonly execution: Execution | null;
  readonly isEdited: boolean;
}

export function ExecutionMarkView({ cellId, execution, isEdited }: MarkProps) {
  const { commander } = useDesk();
  const phase = execution?.phase ?? "never";
  const { clientId } = commander.session;
  // What came with the file was run elsewhere.
  const isOurs = execution?.queued_at != null;
  const who = execution && isOurs ? actorWords(execution.actor, clientId) : "";
  const sentence = sentenceOf(execution, isEdited, who);

  function press() {
    if (phase === "running") commander.interrupt();
    else if (phase === "queued" && execution) commander.cancel([execution.execution_id]);
    else commander.runCells([cellId]);
  }

  const [icon, act] =
    phase === "running"
      ? (["stop", "Interrupt"] as const)
      : phase === "queued"
        ? (["close", "Take out of the queue"] as const)
        : (["run", "Run this cell"] as const);
  return (
    <div className="cell-mark">
      <button
        type="button"
        className="cell-run"
        tabIndex={-1}
        aria-label={`[${bracketOf(execution)}] ${act}. ${sentence}`}
        title={`${act}\n${sentence}`}
        onClick={press}
      >
        <span className="bracket">
          [<b>{bracketOf(execution)}</b>]
        </span>
        <Icon name={icon} />
      </button>
      <span className="cell-time">
        {phase === "running" ? (
          <RunningTime since={execution?.started_at ?? null} />
        ) : phase === "queued" ? (
          <QueuePlace cellId={cellId} />
        ) : (
          underMark(execution, isEdited)
        )}
      </span>
    </div>
  );
}

/** `since` is in seconds, as the server stamps; a clock that is ahead shows no time less than 0. */
export function RunningTime({ since }: { readonly since: number | null }) {
  const now = useNow();
  return since === null ? "…" : clockWords(now - since * 1000);
}

function QueuePlace({ cellId }: { readonly cellId: string }) {
  const select = useCallback((session: Session) => queuePlace(session.state, cellId), [cellId]);
  const place = useSession(select);
  return place === null ? "queued" : place === 1 ? "next" : `queued ${place}`;
}
