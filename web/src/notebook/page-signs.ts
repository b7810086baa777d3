/** What the page shows of a session outside of its own area: attributes of the body for tests
 * and other programs, the tab's title and its small picture. */

import { kernelMood } from "../core/selectors";
import type { Execution } from "../protocol/generated";
import type { Session } from "../store/session";
import type { SessionStore } from "../store/session-store";

type Sign = "idle" | "running" | "failed";

function signOf(session: Session): Sign {
  const mood = kernelMood(session.state);
  if (mood === "dead") return "failed";
  if (session.state.running !== null || session.state.queue.length > 0) return "running";
  return hasFailed(session) ? "failed" : "idle";
}

/** Whether what ran last, here and not in an earlier life of the file, ended badly. */
function hasFailed(session: Session): boolean {
  let last: Execution | null = null;
  for (const execution of Object.values(session.state.executions)) {
    if ((execution.finished_at ?? 0) > (last?.finished_at ?? 0)) last = execution;
  }
  return last !== null && (last.status === "error" || last.status === "aborted");
}

/** Whether all that the signs are made of is the same; not so, at most, when something ran. */
function isAlike(a: Session, b: Session): boolean {
  return (
    a.connection === b.connection &&
    a.notebook === b.notebook &&
    a.state.kernel === b.state.kernel &&
    a.state.running === b.state.running &&
    a.state.queue === b.state.queue &&
    a.state.executions === b.state.executions
  );
}

const LASTING_MS = 400; // a run that is over by then is not worth a new picture in the tab

const PREFIX: Readonly<Record<Sign, string>> = { idle: "", running: "▸ ", failed: "✕ " };

/** Keeps the signs true until the returned function is called. */
export function showSigns(
  store: SessionStore,
  fileName: string,
  iconAddress: (sign: Sign) => string,
) {
  const { body } = document;
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const before = { title: document.title, icon: icon?.href ?? "" };
  let lasting: ReturnType<typeof setTimeout> | null = null;
  let drawn: Sign | null = null;
  const draw = (sign: Sign) => {
    drawn = sign;
    const name = store.getSnapshot().notebook?.path.split("/").at(-1) ?? fileName;
    const title = `${PREFIX[sign]}${name}`;
    const address = iconAddress(sign);
    if (document.title !== title) document.title = title;
    if (icon && icon.href !== address) icon.href = address;
  };
  let shown: Session | null = null;
  const show = () => {
    const session = store.getSnapshot();
    if (shown && isAlike(shown, session)) return;
    shown = session;
    const sign = signOf(session);
    const { connection } = session;
    body.dataset.connection = connection.phase;
    if (connection.phase === "open") body.dataset.way = connection.by;
    body.dataset.kernel = kernelMood(session.state);
    if (sign === "running" && drawn !== "running") {
      lasting ??= setTimeout(() => draw("running"), LASTING_MS);
      return;
    }
    if (lasting) clearTimeout(lasting);
    lasting = null;
    draw(sign);
  };
  const stop = store.subscribe(show);
  show();
  return () => {
    stop();
    if (lasting) clearTimeout(lasting);
    document.title = before.title;
    if (icon) icon.href = before.icon;
    delete body.dataset.connection;
    delete body.dataset.way;
    delete body.dataset.kernel;
  };
}
