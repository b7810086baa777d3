/** The cells in order, and below them where the next one begins. */

import { useEffect, useLayoutEffect, useMemo, useRef } from "react";
import { flushSync } from "react-dom";
import { executionOf } from "../core/selectors";
import { prepareMarkdown } from "../outputs/prose/markdown-view";
import { useCellOrder, useStore } from "../store/use-session";
import { useNotebook } from "../sync/use-notebook";
import { Button } from "../ui/button";
import { CellGroup } from "./cell-group";
import { CellGroups } from "./cell-groups";
import { estimatedHeight } from "./estimate";
import { Hints } from "./hints";
import { useDesk } from "./use-view";
import { Viewport } from "./viewport";
import "./print.css";

export function CellList() {
  const cells = useCellOrder();
  const store = useStore();
  const { document: notebook } = useNotebook();
  const { commander } = useDesk();
  const place = useRef<HTMLDivElement>(null);
  const hasMarkdown = cells.some((cell) => cell.kind === "markdown");

  // biome-ignore lint/correctness/useExhaustiveDependencies: begun once, with the cells of then
  const viewport = useMemo(() => {
    const made = new Viewport();
    const { state } = store.current;
    const kinds = new Map(cells.map((cell) => [cell.cell_id, cell.kind]));
    made.begin([...kinds.keys()], (cellId) => {
      const source = notebook.source(cellId)?.toString() ?? "";
      return estimatedHeight(kinds.get(cellId) ?? "code", source, executionOf(state, cellId));
    });
    return made;
  }, []);

  const groups = useMemo(() => new CellGroups(), []);

  useLayoutEffect(() => (place.current ? viewport.open(place.current) : undefined), [viewport]);
  useEffect(() => {
    // Paper shows what exists when this returns.
    const makeAll = () => flushSync(() => viewport.makeAll());
    window.addEventListener("beforeprint", makeAll);
    return () => window.removeEventListener("beforeprint", makeAll);
  }, [viewport]);
  useEffect(() => {
    if (hasMarkdown) void prepareMarkdown();
  }, [hasMarkdown]);

  return (
    <>
      <div
        ref={place}
        className="cells"
        {...(cells.length > 0 && { role: "feed", "aria-label": "Cells" })}
      >
        {groups.of(cells).map((group) => (
          <CellGroup key={group.key} group={group} total={cells.length} viewport={viewport} />
        ))}
      </div>
      <div className="cells-end">
        {cells.length === 0 && (
          <div className="cells-empty">
            <h2>This notebook is empty</h2>
            <p>Begin with Python, or with words about what it will do.</p>
          </div>
        )}
        <Button icon="plus" onClick={() => commander.append("code")}>
          Code
        </Button>
        <Button icon="plus" onClick={() => commander.append("markdown")}>
          Markdown
        </Button>
      </div>
      {cells.length <= 1 && <Hints cellId={cells[0]?.cell_id ?? null} />}
    </>
  );
}
