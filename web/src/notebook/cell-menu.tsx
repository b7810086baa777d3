import { Menu, type MenuEntry } from "../ui/menu";
import { useDesk } from "./use-view";

/** Everything one can do with one cell, each with its key. */
export function CellMenu({ cellId, kind }: { readonly cellId: string; readonly kind: string }) {
  const { view, commander } = useDesk();

  function entries(): MenuEntry[] {
    if (!commander.selected.includes(cellId)) view.select(cellId);
    const isCode = kind === "code";
    return [
      { label: "Run above", run: () => commander.runAbove() },
      { label: "Run from here on", run: () => commander.runBelow() },
      null,
      { label: "Insert above", shortcut: "A", run: () => commander.insert("above") },
      { label: "Insert below", shortcut: "B", run: () => commander.insert("below") },
      { label: "Duplicate", run: () => commander.duplicate() },
      { label: "Cut", shortcut: "X", run: () => commander.cut() },
      { label: "Copy", shortcut: "C", run: () => commander.copy() },
      { label: "Paste below", shortcut: "V", run: () => commander.paste("below") },
      { label: "Move up", shortcut: "Ctrl Shift ↑", run: () => commander.move(-1) },
      { label: "Move down", shortcut: "Ctrl Shift ↓", run: () => commander.move(1) },
      { label: "Merge with below", shortcut: "Shift M", run: () => commander.merge() },
      null,
      ...(kind === "code"
        ? []
        : [{ label: "To code", shortcut: "Y", run: () => commander.setKind("code") }]),
      ...(kind === "markdown"
        ? []
        : [{ label: "To Markdown", shortcut: "M", run: () => commander.setKind("markdown") }]),
      ...(kind === "raw"
        ? []
        : [{ label: "To raw text", shortcut: "R", run: () => commander.setKind("raw") }]),
      null,
      ...(isCode
        ? [
            {
              label: commander.isHidden(cellId) ? "Show output" : "Hide output",
              shortcut: "O",
              run: () => commander.toggleOutputs(),
            },
            { label: "Clear output", run: () => commander.clearOutputs(commander.selected) },
          ]
        : []),
      { label: "Delete", shortcut: "D D", danger: true, run: () => commander.delete() },
    ];
  }

  return <Menu label="Cell actions" icon="more" className="cell-menu" entries={entries} />;
}
