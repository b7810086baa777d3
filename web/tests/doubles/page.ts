/** A page that has a notebook open, on a hand-wound world and a lossy network. */

import { SessionStore } from "../../src/store/session-store";
import { NotebookSession } from "../../src/sync/notebook-session";
import { Server } from "../../src/sync/server";
import { MemoryEdits, type UnsentEdits } from "../../src/sync/unsent-edits";
import type { HandWoundWorld } from "./hand-wound-world";
import type { LossyNetwork } from "./lossy-network";

export interface PageOptions {
  readonly edits?: UnsentEdits;
  /** What HTTP answers; the usual where it returns undefined. */
  readonly http?: (method: string, path: string) => Response | undefined;
}

export function openPage(
  world: HandWoundWorld,
  network: LossyNetwork,
  { edits = new MemoryEdits(), http = () => undefined }: PageOptions = {},
): NotebookSession {
  const server = new Server(new URL("http://localhost/"), async (url, init) => {
    if (network.isDown) throw new TypeError("network");
    const { pathname } = new URL(url);
    const given = http(init.method ?? "GET", pathname);
    if (given) return given;
    if (pathname === "/api/v1/me") return Response.json({ name: "ada", may: [], token: "t" });
    return Response.json({ notebook_id: "notebook", path: "a.ipynb", name: "a.ipynb" });
  });
  const store = new SessionStore((callback) => world.after(16, callback));
  return new NotebookSession("a.ipynb", {
    server,
    transport: network.transport,
    world,
    edits,
    store,
  });
}

/** The sources of a page's cells, by id. */
export function sourcesOf(page: NotebookSession): { readonly [cellId: string]: string } {
  const cells = [...page.document.cells.entries()];
  return Object.fromEntries(cells.map(([id, cell]) => [id, cell.get("source")?.toString() ?? ""]));
}
