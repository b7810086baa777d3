import { Menu, type MenuEntry } from "../ui/menu";
import { keyOf } from "./commands";
import { useDesk } from "./use-view";

/** Everything one can do with one cell, each with its key. */
export function CellMenu({ cellId, kind }: { readonly cellId: string; readonly kind: string }) {
  const { view, commander } = useDesk();

  function entries(): MenuEntry[] {
    if (!commander.selected.includes(cellId)) view.select(cellId);
    const isCode = kind === "code";
    return [
      { label: "Run", shortcut: keyOf("run"), run: () => commander.run("stay") },
      { label: "Run above", run: () => commander.runAbove() },
      { label: "Run from here on", run: () => commander.runBelow() },
      null,
      {
        label: "Insert above",
        shortcut: keyOf("insert-above"),
        run: () => commander.insert("above"),
      },
      {
        label: "Insert below",
        shortcut: keyOf("insert-below"),
        run: () => commander.insert("below"),
      },
      { label: "Duplicate", run: () => commander.duplicate() },
      { label: "Cut", shortcut: keyOf("cut"), run: () => commander.cut() },
      { label: "Copy", shortcut: keyOf("copy"), run: () => commander.copy() },
      { label: "Paste below", shortcut: keyOf("paste-below"), run: () => commander.paste("below") },
      { label: "Move up", shortcut: keyOf("move-up"), run: () => commander.move(-1) },
      { label: "Move down", shortcut: keyOf("move-down"), run: () => commander.move(1) },
      { label: "Merge with below", shortcut: keyOf("merge"), run: () => commander.merge() },
      null,
      ...(kind === "code"
        ? []
        : [{ label: "To code", shortcut: keyOf("to-code"), run: () => commander.setKind("code") }]),
      ...(kind === "markdown"
        ? []
        : [
            {
              label: "To Markdown",
              shortcut: keyOf("to-markdown"),
              run: () => commander.setKind("markdown"),
            },
          ]),
      ...(kind === "raw"
        ? []
        : [
            {
              label: "To raw text",
              shortcut: keyOf("to-raw"),
              run: () => commander.setKind("raw"),
            },
          ]),
      null,
      ...(isCode ? [{ label: "Format", run: () => commander.format(commander.selected) }] : []),
      {
        label: commander.isHidden(cellId, "source") ? "Show source" : "Hide source",
        shortcut: keyOf("toggle-source"),
        run: () => commander.toggle("source"),
      },
      ...(commander.folds.canFold(cellId)
        ? [
            {
              label: commander.folds.isFolded(cellId) ? "Unfold the section" : "Fold the section",
              shortcut: keyOf(commander.folds.isFolded(cellId) ? "unfold" : "fold"),
              run: () => commander.fold(!commander.folds.isFolded(cellId)),
            },
          ]
        : []),
      ...(isCode
        ? [
            {
              label: commander.isHidden(cellId) ? "Show output" : "Hide output",
              shortcut: keyOf("toggle-outputs"),
              run: () => commander.toggle("outputs"),
            },
            { label: "Clear output", run: () => commander.clearOutputs(commander.selected) },
          ]
        : []),
      { label: "Delete", shortcut: keyOf("delete"), danger: true, run: () => commander.delete() },
    ];
  }

  return <Menu label="Cell actions" icon="more" className="cell-menu" entries={entries} />;
}
