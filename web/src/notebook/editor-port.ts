/** What the editors ask, answered by the notebook's commands and the kernel. */

import { codePoints, unitOf } from "../core/code-points";
import { kernelMood } from "../core/selectors";
import type { Completions, EditorActions } from "../editor/editor-actions";
import type { Commander } from "./commander";

const COMPLETE_WITHIN_MS = 1_500; // then names from the text itself are better than none
const INSPECT_WITHIN_MS = 4_000;

export function editorActions(cellId: string, commander: Commander): EditorActions {
  const { session, view } = commander;
  return {
    run: (then) => {
      view.edit(cellId);
      commander.run(then);
    },
    leave: () => view.leave(),
    step: (by) => commander.go(by, "edit"),
    split: (offset) => commander.split(cellId, offset),
    save: () => commander.save(),
    focused: () => {
      const { mode, active } = view.current;
      if (mode !== "edit" || active !== cellId) view.edit(cellId);
    },
    blurred: () => {
      // Focus may be on its way to a part of the same editor, or to another window.
      setTimeout(() => {
        const isHere = document.activeElement?.closest(
          `[data-cell-id="${CSS.escape(cellId)}"] .cm-editor`,
        );
        if (document.hasFocus() && !isHere && view.current.active === cellId) view.leave();
      });
    },
    isIdle: () => kernelMood(session.store.current.state) === "idle",
    complete: async (code, unit, signal) => {
      const cursor = codePoints(code.slice(0, unit));
      try {
        const request = { kind: "complete", code, cursor, cell_id: cellId } as const;
        const result = await session.ask(request, { withinMs: COMPLETE_WITHIN_MS, signal });
        return completionsOf(result, code);
      } catch {
        return null; // busy, away, or nobody waits any more
      }
    },
    inspect: async (code, unit) => {
      const cursor = codePoints(code.slice(0, unit));
      const request = { kind: "inspect", code, cursor, detail: 0 } as const;
      const result = await session.ask(request, { withinMs: INSPECT_WITHIN_MS });
      const data = result.data;
      const text =
        typeof data === "object" && data !== null && "text/plain" in data
          ? data["text/plain"]
          : null;
      return result.found === true && typeof text === "string" ? text : null;
    },
  };
}

function completionsOf(
  result: { readonly [key: string]: unknown },
  code: string,
): Completions | null {
  const { matches, start, end } = result;
  if (!Array.isArray(matches) || typeof start !== "number" || typeof end !== "number") return null;
  const options = [];
  for (const match of matches) {
    if (typeof match !== "object" || match === null) continue;
    const { text, kind, signature } = match as { [key: string]: unknown };
    if (typeof text !== "string") continue;
    options.push({
      text,
      kind: typeof kind === "string" ? kind : "",
      signature: typeof signature === "string" ? signature : "",
    });
  }
  return { from: unitOf(code, start), to: unitOf(code, end), options };
}
