/** What outputs are given of the notebook they stand in. */

import { useMemo } from "react";
import type { OutputPlace } from "../outputs/place";
import { besideFile } from "../outputs/prose/beside";
import type { Session } from "../store/session";
import { useSession } from "../store/use-session";
import { useNotebook } from "../sync/use-notebook";
import { useOutputNetwork } from "./output-network";

/** Null before the server has named the notebook. */
export function useOutputHome(): OutputPlace | null {
  const session = useNotebook();
  const notebookId = useSession(notebookIdOf);
  const network = useOutputNetwork(notebookId);
  return useMemo(
    () =>
      notebookId === null
        ? null
        : {
            server: session.server,
            notebookId,
            ask: (request, options) => session.ask(request, options),
            network,
            beside: besideFile(session.server, session.path),
          },
    [session, notebookId, network],
  );
}

const notebookIdOf = (session: Session) => session.notebook?.notebook_id ?? null;
