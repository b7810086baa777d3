/** The open notebook in React: whoever must do something, not only show something. */

import { createContext, useCallback, useContext, useSyncExternalStore } from "react";
import type * as Y from "yjs";
import type { NotebookSession } from "./notebook-session";

const NotebookContext = createContext<NotebookSession | null>(null);

/** `<NotebookProvider value={session}>`; put `<SessionProvider value={session.store}>` in it. */
export const NotebookProvider = NotebookContext.Provider;

export function useNotebook(): NotebookSession {
  const session = useContext(NotebookContext);
  if (!session) throw new Error("a view of a notebook stands outside of <NotebookProvider>");
  return session;
}

/** The Yjs document; another one after the server began it anew. */
export function useDoc(): Y.Doc {
  const { document } = useNotebook();
  return useSyncExternalStore(document.subscribe, () => document.doc);
}

/** The cell's shared text, for an editor; null when the cell is gone. */
export function useSource(cellId: string): Y.Text | null {
  const { document } = useNotebook();
  useDoc();
  const read = useCallback(() => document.source(cellId), [document, cellId]);
  return useSyncExternalStore(document.subscribe, read);
}
