/** Some dozens of cells. Where none of them is near the screen, the browser passes them over. */

import { memo, useCallback, useSyncExternalStore } from "react";
import { executionOf } from "../core/selectors";
import { useStore } from "../store/use-session";
import { useNotebook } from "../sync/use-notebook";
import { CellSlot } from "./cell";
import type { Group } from "./cell-groups";
import { estimatedHeight } from "./estimate";
import type { Viewport } from "./viewport";
import "./cell-group.css";

interface GroupProps {
  readonly group: Group;
  readonly total: number;
  readonly viewport: Viewport;
}

export const CellGroup = memo(function CellGroup({ group, total, viewport }: GroupProps) {
  const { cells, before } = group;
  const subscribe = useCallback(
    (wake: () => void) => {
      const stops = cells.map(({ cell_id }) => viewport.subscribe(cell_id, wake));
      return () => {
        for (const stop of stops) stop();
      };
    },
    [viewport, cells],
  );
  const isNear = useSyncExternalStore(subscribe, () =>
    cells.some(({ cell_id }) => viewport.isNear(cell_id)),
  );
  const height = useHeight(group, viewport, isNear);
  return (
    <div
      className="cell-group"
      data-far={isNear ? undefined : ""}
      style={isNear ? undefined : { containIntrinsicBlockSize: `auto ${height}px` }}
    >
      {cells.map((cell, at) => (
        <CellSlot
          key={cell.cell_id}
          cellId={cell.cell_id}
          kind={cell.kind}
          number={before + at + 1}
          total={total}
          viewport={viewport}
        />
      ))}
    </div>
  );
});

/** What the group's cells take together, for a browser that has not laid them out. */
function useHeight({ cells }: Group, viewport: Viewport, isNear: boolean): number {
  const store = useStore();
  const { document: notebook } = useNotebook();
  if (isNear) return 0;
  const { state } = store.getSnapshot();
  return cells.reduce((sum, { cell_id, kind }) => {
    const known = viewport.height(cell_id);
    if (known !== null) return sum + known;
    const source = notebook.source(cell_id)?.toString() ?? "";
    return sum + estimatedHeight(kind, source, executionOf(state, cell_id));
  }, 0);
}
