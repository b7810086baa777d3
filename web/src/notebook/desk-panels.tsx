/** The side panels with what they may do to this notebook. */

import { useMemo } from "react";
import { type PanelActs, SidePanel } from "../panels/side-panel";
import type { PageActs } from "./commands";
import { useDesk, useView } from "./use-view";

export function DeskPanels({ page }: { readonly page: PageActs }) {
  const { view, commander } = useDesk();
  const activeCell = useView((now) => now.active);
  const acts = useMemo(
    (): PanelActs => ({
      goTo: (cellId) => goTo(cellId, () => view.select(cellId)),
      interrupt: () => commander.interrupt(),
      start: () => commander.startKernel(),
      askRestart: () => page.askRestart(),
      restart: (runsAll) => commander.restart(runsAll),
      stop: () => commander.stopKernel(),
      replaceSource: (cellId, source) => commander.replaceSource(cellId, source),
    }),
    [view, commander, page],
  );
  return <SidePanel activeCell={activeCell} acts={acts} />;
}

/** The cell at the top of the screen, as after a press on a link to it. */
function goTo(cellId: string, select: () => void): void {
  select();
  const cell = document.querySelector(`.cells [data-cell-id="${CSS.escape(cellId)}"]`);
  cell?.scrollIntoView({ block: "start" });
}
