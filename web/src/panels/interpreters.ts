/** The interpreters near a notebook (PAGE-2), and the notebook's choice among them. */

import * as Y from "yjs";
import type { Server } from "../sync/server";

export interface Interpreter {
  /** What the notebook says to have it; null is the server's own. */
  readonly setting: string | null;
  readonly path: string;
  readonly python: string;
  readonly problem: string | null;
}

export async function interpretersNear(
  server: Server,
  path: string,
  signal: AbortSignal,
): Promise<Interpreter[]> {
  const address = `api/v1/interpreters?path=${encodeURIComponent(path)}`;
  const answer: unknown = await (await server.request("GET", address, undefined, signal)).json();
  const { interpreters } = (answer ?? {}) as { interpreters?: unknown };
  return Array.isArray(interpreters)
    ? interpreters.flatMap((each) => interpreterOf(each) ?? [])
    : [];
}

function interpreterOf(given: unknown): Interpreter | null {
  if (typeof given !== "object" || given === null) return null;
  const { setting, path, python, problem } = given as { readonly [key: string]: unknown };
  if (typeof path !== "string") return null;
  return {
    setting: typeof setting === "string" ? setting : null,
    path,
    python: typeof python === "string" ? python : "",
    problem: typeof problem === "string" ? problem : null,
  };
}

/** What the notebook asks for: `kernelspec.interpreter` of its metadata. */
export function chosenIn(metadata: Y.Map<unknown>): string | null {
  const chosen = specOf(metadata).interpreter;
  return typeof chosen === "string" && chosen !== "" ? chosen : null;
}

export function choose(metadata: Y.Map<unknown>, setting: string | null): void {
  if (chosenIn(metadata) === setting) return;
  const { interpreter: _, ...rest } = specOf(metadata);
  metadata.set("kernelspec", setting === null ? rest : { ...rest, interpreter: setting });
}

function specOf(metadata: Y.Map<unknown>): { readonly [key: string]: unknown } {
  const spec = metadata.get("kernelspec");
  const plain = spec instanceof Y.Map ? spec.toJSON() : spec;
  return typeof plain === "object" && plain !== null ? { ...plain } : {};
}
