/** The side panels with what they may do to this notebook. */

import { useMemo } from "react";
import { type PanelActs, SidePanel } from "../panels/side-panel";
import type { PageActs } from "./commands";
import { PastOutputs } from "./past-outputs";
import { useDesk, useView } from "./use-view";

/** Where the pages of this page are. */
export interface PagePlaces {
  readonly notebook: (path: string) => string;
  readonly folder: (path: string) => string;
  readonly view: (path: string) => string;
  readonly go: (address: string) => void;
}

interface DeskPanelsProps {
  readonly page: PageActs;
  readonly places: PagePlaces;
}

export function DeskPanels({ page, places }: DeskPanelsProps) {
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
      addressOf: (kind, path) => addressOf(places, kind, path),
      open: (kind, path) => places.go(addressOf(places, kind, path)),
      folds: commander.folds,
      debug: commander.debug,
      drawOutputs: (executionId) => <PastOutputs key={executionId} executionId={executionId} />,
      replaceSource: (cellId, source) => commander.replaceSource(cellId, source),
    }),
    [view, commander, page, places],
  );
  return <SidePanel activeCell={activeCell} acts={acts} />;
}

function addressOf(places: PagePlaces, kind: "folder" | "notebook" | "file", path: string): string {
  if (kind === "folder") return places.folder(path);
  return kind === "notebook" ? places.notebook(path) : places.view(path);
}

/** The cell at the top of the screen, as after a press on a link to it. */
function goTo(cellId: string, select: () => void): void {
  select();
  const cell = document.querySelector(`.cells [data-cell-id="${CSS.escape(cellId)}"]`);
  cell?.scrollIntoView({ block: "start" });
}
