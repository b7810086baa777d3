/** The browser's own copy, cut and paste (Ctrl+C and the menu's) mean cells in command mode. */

import { cellsOfText, notebookText, takeCells } from "./clipboard";
import type { Commander } from "./commander";

/** Listens until the returned function is called. */
export function listenToClipboard(commander: Commander): () => void {
  const onTake = (event: ClipboardEvent) => {
    if (!isOurs(event) || hasSelectedText() || commander.selected.length === 0) return;
    event.preventDefault();
    if (event.type === "cut") commander.cut(false);
    else commander.copy(false);
    event.clipboardData?.setData("text/plain", notebookText(takeCells()));
  };
  const onPaste = (event: ClipboardEvent) => {
    if (!isOurs(event)) return;
    const text = event.clipboardData?.getData("text/plain") ?? "";
    // What was copied here last comes back whole: a cell that was cut, as itself.
    const own = takeCells();
    const cells = own.length > 0 && notebookText(own) === text ? own : cellsOfText(text);
    if (cells.length === 0) return;
    event.preventDefault();
    commander.paste("below", cells);
  };
  document.addEventListener("copy", onTake);
  document.addEventListener("cut", onTake);
  document.addEventListener("paste", onPaste);
  return () => {
    document.removeEventListener("copy", onTake);
    document.removeEventListener("cut", onTake);
    document.removeEventListener("paste", onPaste);
  };
}

/** Not while a field, an editor, a dialog or something with own keys has the focus. */
function isOurs(event: ClipboardEvent): boolean {
  if (event.defaultPrevented) return false;
  const target = event.target instanceof Element ? event.target : document.activeElement;
  return !target?.closest(
    "input, textarea, select, dialog, [popover], .cm-editor, [data-own-keys], [contenteditable]",
  );
}

function hasSelectedText(): boolean {
  return (window.getSelection()?.toString() ?? "") !== "";
}
