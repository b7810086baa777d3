/** Cells put into ruff's form, as one step that can be undone. */

import { messageOf } from "../core/message-of";
import { replaceSource, STRUCTURE, TYPED } from "../sync/cells";
import { languageIn } from "../sync/notebook-language";
import { notify } from "../ui/notices";
import { counted } from "../ui/words";
import type { Commander } from "./commander";

interface Formatted {
  readonly cell_id: string;
  readonly text: string | null;
  readonly problem: string;
  readonly line: number;
}

/**
 * Formats those of the cells that hold Python. What cannot be read is left and, unless
 * `isQuiet`, told; so is a cell that was changed meanwhile. Resolves when it is done.
 */
export async function formatCells(
  commander: Commander,
  cellIds: readonly string[],
  isQuiet = false,
): Promise<void> {
  const { session } = commander;
  const { isPython, title } = languageIn(commander.doc);
  if (!isPython) {
    if (!isQuiet) notify({ text: `Only Python is formatted; this notebook is in ${title}` });
    return;
  }
  const notebookId = session.notebookId;
  const asked = cellIds.flatMap((cellId) => {
    const text = session.document.source(cellId)?.toString() ?? "";
    return commander.kindOf(cellId) === "code" && text.trim() !== ""
      ? [{ cell_id: cellId, text }]
      : [];
  });
  if (notebookId === null || asked.length === 0) return;
  let cells: readonly Formatted[];
  try {
    const path = `api/v1/notebooks/${notebookId}/format`;
    const answer = await session.server.request("POST", path, { cells: asked });
    ({ cells } = (await answer.json()) as { cells: readonly Formatted[] });
  } catch (problem) {
    const reason = messageOf(problem);
    if (!isQuiet) notify({ text: `Not formatted: ${reason}`, tone: "failure" });
    return;
  }
  const before = new Map(asked.map((cell) => [cell.cell_id, cell.text]));
  const changed = cells.filter(
    ({ cell_id, text }) =>
      text !== null &&
      text !== before.get(cell_id) &&
      session.document.source(cell_id)?.toString() === before.get(cell_id),
  );
  // While one types in the cell its own undo takes it back, else the undo of cells does.
  const { mode, active } = commander.view.current;
  const isTyped = mode === "edit" && asked.length === 1 && asked[0]?.cell_id === active;
  const origin = isTyped ? TYPED : STRUCTURE;
  commander.changeCells(() => {
    commander.doc.transact(() => {
      for (const { cell_id, text } of changed) {
        if (text !== null) replaceSource(commander.doc, cell_id, text, origin);
      }
    }, origin);
  });
  if (!isQuiet) tell(commander, asked.length, changed.length, cells);
}

function tell(
  commander: Commander,
  asked: number,
  changed: number,
  cells: readonly Formatted[],
): void {
  const [unread, ...others] = cells.filter((cell) => cell.text === null);
  if (unread) {
    const number = commander.order.indexOf(unread.cell_id) + 1;
    const where = `Cell ${number}, line ${unread.line + 1}: ${unread.problem}`;
    const more = others.length > 0 ? `, and ${counted(others.length, "cell")} more` : "";
    const show = () => commander.view.edit(unread.cell_id, { at: "line", line: unread.line + 1 });
    notify({
      text: `Not formatted. ${where}${more}`,
      tone: "failure",
      action: { label: "Show", run: show },
    });
  } else if (asked > 1) {
    const undo = { label: "Undo", run: () => commander.undo() };
    const text =
      changed === 0 ? "Everything is formatted already" : `${counted(changed, "cell")} formatted`;
    notify({ text, ...(changed > 0 ? { action: undo } : {}) });
  }
}
