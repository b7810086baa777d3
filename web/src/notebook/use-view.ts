/** The view and the commands in React. */

import { createContext, useContext, useSyncExternalStore } from "react";
import type { Commander } from "./commander";
import type { Mistakes } from "./mistakes";
import type { NotebookView, View } from "./notebook-view";

interface Desk {
  readonly view: NotebookView;
  readonly commander: Commander;
  readonly mistakes: Mistakes;
}

const DeskContext = createContext<Desk | null>(null);

export const DeskProvider = DeskContext.Provider;

export function useDesk(): Desk {
  const desk = useContext(DeskContext);
  if (!desk) throw new Error("a part of the notebook stands outside of <DeskProvider>");
  return desk;
}

/** Part of the view; `select` gives a primitive or an object that is the same while equal. */
export function useView<T>(select: (view: View) => T): T {
  const { view } = useDesk();
  return useSyncExternalStore(view.subscribe, () => select(view.getSnapshot()));
}
