/** The keys while one types in a cell, as a person chose them, and what they do without them. */

import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { useMemo } from "react";
import { EDITOR_COMMANDS, type EditorCommand } from "../editor/editor-commands";
import { editorKeys } from "../editor/editor-keys";
import { bound, type Chosen } from "../settings/bound-keys";
import { useSettings } from "../settings/settings-store";
import type { Commander } from "./commander";
import { COMMANDS, commandsWith } from "./commands";

/** Whose keys can be chosen. */
export const EVERY_COMMAND = [...COMMANDS, ...EDITOR_COMMANDS];

/** What the editor does, with the keys a person gave it. */
export function useEditorCommands(): readonly EditorCommand[] {
  const { shortcuts } = useSettings();
  return useMemo(() => bound(EDITOR_COMMANDS, shortcuts), [shortcuts]);
}

let made: { readonly of: string; readonly keys: Extension } | null = null;

/** For all editors alike, made anew only when other keys are chosen. */
function keysFor(chosen: Chosen): Extension {
  const of = JSON.stringify(chosen);
  if (made?.of !== of) {
    const past = commandsWith(chosen).filter((command) => command.reach !== "command");
    const keys = editorKeys(
      bound(EDITOR_COMMANDS, chosen),
      past.flatMap((command) => command.keys),
    );
    made = { of, keys };
  }
  return made.keys;
}

export function useEditorKeys(): Extension {
  const { shortcuts } = useSettings();
  return useMemo(() => keysFor(shortcuts), [shortcuts]);
}

const FRAMES = 30; // in which an editor that is entered is there, or the cell is gone

/** Does it in the active cell's editor, once that is there and has the focus. */
export function runInEditor(commander: Commander, command: EditorCommand): void {
  const { active, mode } = commander.view.current;
  if (active === null) return;
  if (mode !== "edit") commander.view.edit(active);

  function attempt(frames: number): void {
    const place = `.cells [data-cell-id="${CSS.escape(active ?? "")}"] .cell-source .cm-editor`;
    const element = document.querySelector<HTMLElement>(place);
    const editor = element && EditorView.findFromDOM(element);
    if (editor?.hasFocus) command.run(editor);
    else if (frames > 0) requestAnimationFrame(() => attempt(frames - 1));
  }
  attempt(FRAMES);
}
