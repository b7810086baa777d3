/** What the editors ask, answered by the notebook's commands, the kernel and the texts. */

import { codePoints } from "../core/code-points";
import type { Completions, EditorActions } from "../editor/editor-actions";
import { currentSettings } from "../settings/settings-store";
import { languageIn } from "../sync/notebook-language";
import type { Commander } from "./commander";
import { formatCells } from "./formatting";
import { askLanguage, completionsOf, liveSignatureOf, signatureOf, soonest } from "./language";
import { goToDefinition, showUses } from "./name-places";

// The list opens with the first names that come; who has none yet holds nobody up.
const COMPLETE_WITHIN_MS = 5_000; // a kernel's first answer on a busy machine
const STILL_WITHIN_MS = 10_000; // the first look into a large library
const INSPECT_WITHIN_MS = 3_000;

export function editorActions(cellId: string, commander: Commander): EditorActions {
  const { session, view } = commander;

  /** Asks the kernel; null where none lives, it is busy in C, or is away. */
  async function live(
    request: Parameters<typeof session.ask>[0],
    withinMs: number,
    signal?: AbortSignal,
  ): Promise<{ readonly [key: string]: unknown } | null> {
    if (session.store.current.state.kernel.phase !== "ready") return null;
    try {
      return await session.ask(request, { withinMs, ...(signal ? { signal } : {}) });
    } catch {
      return null; // nobody waits for an error where a name was wanted
    }
  }

  async function said(source: string, unit: number): Promise<string | null> {
    const cursor = codePoints(source.slice(0, unit));
    const request = { kind: "inspect", code: source, cursor, detail: 0 } as const;
    const data = (await live(request, INSPECT_WITHIN_MS))?.data;
    const hasText = typeof data === "object" && data !== null && "text/plain" in data;
    const text = hasText ? data["text/plain"] : null;
    return typeof text === "string" && text !== "" ? text : null;
  }

  /** Without running it only Python is known. */
  function texts(...asked: Parameters<typeof askLanguage>): ReturnType<typeof askLanguage> {
    return languageIn(commander.doc).isPython ? askLanguage(...asked) : Promise.resolve(null);
  }

  return {
    leave: () => view.leave(),
    step: (by) => commander.go(by, "edit"),
    split: (offsets) => commander.split(cellId, offsets),
    format: () => void formatCells(commander, [cellId]),
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
    toggleBreakpoint: (line) => void commander.debug.toggleBreakpoint(cellId, line),
    breakpointsMoved: (lines) => commander.debug.moved(cellId, lines),
    completesWhileTyping: () => currentSettings().completesWhileTyping,
    complete: (source, unit, signal) => {
      const cursor = codePoints(source.slice(0, unit));
      const request = { kind: "complete", code: source, cursor, cell_id: cellId } as const;
      const fromKernel = live(request, COMPLETE_WITHIN_MS, signal);
      const fromTexts = within(
        STILL_WITHIN_MS,
        texts(session, "complete", { cellId, source, unit }, signal),
      );
      const read = (answer: Parameters<typeof completionsOf>[0]): Completions | null =>
        completionsOf(answer, source);
      return soonest(fromKernel.then(read), fromTexts.then(read), source);
    },
    signature: async (source, unit, call) => {
      const still = signatureOf(await askLanguage(session, "signature", { cellId, source, unit }));
      if (still || !call) return still;
      const text = await said(source, call.nameEnd);
      return text === null ? null : liveSignatureOf(text, call.given);
    },
    inspect: async (source, unit) => {
      const found = await said(source, unit);
      if (found !== null) return found;
      const answer = await texts(session, "describe", { cellId, source, unit });
      if (answer?.found !== true) return null;
      return [answer.head, answer.text].filter((part) => part !== "").join("\n\n");
    },
    goToDefinition: (source, unit) => void goToDefinition(commander, { cellId, source, unit }),
    showUses: (source, unit) => void showUses(commander, { cellId, source, unit }),
  };
}

function within<T>(ms: number, answer: Promise<T>): Promise<T | null> {
  const late = new Promise<null>((resolve) => setTimeout(() => resolve(null), ms));
  return Promise.race([answer, late]);
}
