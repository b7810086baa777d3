/**
 * Short messages at the edge of the page: what was done and can be undone, what was
 * refused and why. A plain list with listeners; `Notices` draws it as a live region.
 */

import { useSyncExternalStore } from "react";
import { Button } from "./button";

export interface Notice {
  readonly text: string;
  readonly tone?: "plain" | "failure";
  readonly action?: { readonly label: string; readonly run: () => void };
}

interface Shown extends Notice {
  readonly id: number;
}

const SHOWN_MS = 7_000; // long enough to read two lines and reach for "Undo"
const AT_ONCE = 3; // more than that hides the notebook

let shown: readonly Shown[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function replace(next: readonly Shown[]) {
  shown = next;
  for (const listener of listeners) listener();
}

function remove(id: number) {
  replace(shown.filter((notice) => notice.id !== id));
}

/** Shows a message for some seconds. The same text again starts its time anew. */
export function notify(notice: Notice): void {
  lastId += 1;
  const id = lastId;
  const others = shown.filter((one) => one.text !== notice.text);
  replace([...others, { ...notice, id }].slice(-AT_ONCE));
  setTimeout(() => remove(id), SHOWN_MS);
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

export function Notices() {
  const notices = useSyncExternalStore(subscribe, () => shown);
  return (
    <div className="notices" role="status" aria-live="polite">
      {notices.map((notice) => (
        <div key={notice.id} className="notice" data-tone={notice.tone ?? "plain"}>
          <span>{notice.text}</span>
          {notice.action && (
            <Button
              onClick={() => {
                remove(notice.id);
                notice.action?.run();
              }}
            >
              {notice.action.label}
            </Button>
          )}
          <Button icon="close" label="Dismiss" look="quiet" onClick={() => remove(notice.id)} />
        </div>
      ))}
    </div>
  );
}
