/** The store in React: a view names what it needs and draws again only when that changed. */

import { createContext, useCallback, useContext, useSyncExternalStore } from "react";
import { executionOf, promptOf } from "../core/selectors";
import type { Execution, Prompt } from "../protocol/generated";
import type { Connection, Session } from "./session";
import type { SessionStore } from "./session-store";

const StoreContext = createContext<SessionStore | null>(null);

/** Gives the views below it their session: `<SessionProvider value={session.store}>`. */
export const SessionProvider = StoreContext.Provider;

export function useStore(): SessionStore {
  const store = useContext(StoreContext);
  if (!store) throw new Error("a view of a session stands outside of <SessionProvider>");
  return store;
}

/**
 * Part of the session. `selector` must be a stable function (defined outside of the component, or
 * memoised) and must give the same object for the same session.
 */
export function useSession<T>(selector: (session: Session) => T): T {
  const store = useStore();
  const subscribe = useCallback(
    (wake: () => void) => store.subscribeTo(selector, wake),
    [store, selector],
  );
  return useSyncExternalStore(subscribe, () => selector(store.getSnapshot()));
}

/** The newest execution of a cell, with its outputs; wakes for this cell alone. */
export function useExecution(cellId: string): Execution | null {
  return useSession(useCallback((session) => executionOf(session.state, cellId), [cellId]));
}

/** The `input()` that waits under a cell. */
export function usePrompt(cellId: string): Prompt | null {
  return useSession(useCallback((session) => promptOf(session.state, cellId), [cellId]));
}

/** The cells' ids and kinds in order; the same array while neither changes. */
export function useCellOrder(): Session["cells"] {
  return useSession(cellsOf);
}

export function useConnection(): Connection {
  return useSession(connectionOf);
}

const cellsOf = (session: Session): Session["cells"] => session.cells;
const connectionOf = (session: Session): Connection => session.connection;
