/** Parts of a cell that come and go: what is hidden or folded, and the grip it is moved by. */

import { useLayoutEffect, useState, useSyncExternalStore } from "react";
import type { Scroll } from "../outputs/output-tools";
import { useSource } from "../sync/use-notebook";
import { Icon } from "../ui/icon";
import { counted } from "../ui/words";
import { useWithKeys } from "./commands";
import { beginDrag } from "./drag";
import { useText } from "./source-view";
import { useDesk } from "./use-view";
import "./cell-parts.css";

/** How the cell's parts are shown, as its metadata says. */
export function useParts(cellId: string) {
  const { commander } = useDesk();
  const [, redraw] = useState(0);
  useLayoutEffect(() => {
    const cell = commander.session.document.cell(cellId);
    const metadata = cell?.get("metadata");
    const wake = () => redraw((times) => times + 1);
    metadata?.observe(wake);
    return () => metadata?.unobserve(wake);
  }, [commander, cellId]);
  const outputs: Scroll | "hidden" = commander.isHidden(cellId)
    ? "hidden"
    : commander.scrollOf(cellId);
  return { outputs, hasSource: !commander.isHidden(cellId, "source") };
}

/** Where a source was hidden: its first line, and how many there are. */
export function HiddenSource({ cellId }: { readonly cellId: string }) {
  const { commander } = useDesk();
  const lines = useText(useSource(cellId)).split("\n");
  const first = lines.find((line) => line.trim() !== "") ?? "";
  return (
    <button
      type="button"
      className="source-hidden"
      aria-label={`Show the source, ${counted(lines.length, "line")}`}
      onClick={() => commander.toggle("source", [cellId])}
    >
      <code>{first}</code>
      <span>{counted(lines.length, "line")} hidden</span>
    </button>
  );
}

/** Under a heading that is folded: what is hidden; a press shows it. */
export function FoldMark({ cellId }: { readonly cellId: string }) {
  const { commander } = useDesk();
  const { folds } = commander;
  const count = useSyncExternalStore(folds.subscribe, () =>
    folds.isFolded(cellId) ? folds.count(cellId) : null,
  );
  if (count === null) return null;
  return (
    <button
      type="button"
      className="fold-mark"
      onClick={() => commander.folds.fold([cellId], false)}
    >
      <Icon name="right" />
      {count === 0 ? "Folded" : `${counted(count, "cell")} folded`}
    </button>
  );
}

export function useIsFoldedAway(cellId: string): boolean {
  const { folds } = useDesk().commander;
  return useSyncExternalStore(folds.subscribe, () => folds.isHidden(cellId));
}

/** Pulled, it moves the selected cells; by keys, the commands "Move up" and "Move down" do. */
export function Grip({ cellId }: { readonly cellId: string }) {
  const { view, commander } = useDesk();
  const withKeys = useWithKeys();
  return (
    <button
      type="button"
      className="cell-grip"
      tabIndex={-1}
      aria-label="Move the cell: pull it up or down"
      title={withKeys("Pull to move", "move-up", "move-down")}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        beginDrag(event, event.currentTarget, cellId, commander);
      }}
      onClick={() => {
        if (!commander.selected.includes(cellId)) view.select(cellId);
      }}
    >
      <Icon name="grip" />
    </button>
  );
}
