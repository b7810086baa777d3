/** The kernels that a notebook may have (PAGE-2, KER-50), and its choice among them. */

import type * as Y from "yjs";
import { languageIn, partOf } from "../sync/notebook-language";
import type { Server } from "../sync/server";

/** A Python. */
export interface Interpreter {
  /** What the notebook says to have it; null is the server's own. */
  readonly setting: string | null;
  readonly path: string;
  readonly python: string;
  readonly problem: string | null;
}

/** A kernel of Jupyter's, mostly of another language. */
export interface Kernelspec {
  readonly setting: string;
  readonly name: string;
  readonly title: string;
  readonly language: string;
  readonly folder: string;
  readonly problem: string | null;
}

export interface Kernels {
  readonly interpreters: readonly Interpreter[];
  readonly kernelspecs: readonly Kernelspec[];
  /** What is wrong with the kernel that was asked about, and what to do. */
  readonly missing: string | null;
}

type Json = { readonly [key: string]: unknown };

/** `kernel` is the kernelspec that `missing` tells of. */
export async function kernelsNear(
  server: Server,
  path: string,
  signal: AbortSignal | undefined,
  kernel = "",
): Promise<Kernels> {
  const query = new URLSearchParams({ path, kernel });
  const response = await server.request("GET", `api/v1/interpreters?${query}`, undefined, signal);
  const answer = ((await response.json()) ?? {}) as Json;
  return {
    interpreters: listOf(answer.interpreters, interpreterOf),
    kernelspecs: listOf(answer.kernelspecs, kernelspecOf),
    missing: textOrNull(answer.missing),
  };
}

const text = (value: unknown) => (typeof value === "string" ? value : "");
const textOrNull = (value: unknown) => (typeof value === "string" ? value : null);

function listOf<T>(given: unknown, read: (each: Json) => T | null): T[] {
  if (!Array.isArray(given)) return [];
  return given.flatMap((each) =>
    typeof each === "object" && each !== null ? (read(each as Json) ?? []) : [],
  );
}

function interpreterOf({ setting, path, python, problem }: Json): Interpreter | null {
  if (typeof path !== "string") return null;
  return {
    setting: textOrNull(setting),
    path,
    python: text(python),
    problem: textOrNull(problem),
  };
}

function kernelspecOf(given: Json): Kernelspec | null {
  if (typeof given.setting !== "string" || typeof given.name !== "string") return null;
  return {
    setting: given.setting,
    name: given.name,
    title: text(given.display_name) || given.name,
    language: text(given.language),
    folder: text(given.folder),
    problem: textOrNull(given.problem),
  };
}

/** The kernelspec that the notebook names, by the rule of KER-42; null for our own Python. */
export function namedIn(doc: Y.Doc, metadata: Y.Map<unknown>): string | null {
  const { interpreter, name } = partOf(metadata, "kernelspec");
  const setting = text(interpreter);
  if (setting.startsWith(PREFIX)) return setting.slice(PREFIX.length);
  if (setting !== "" || languageIn(doc).isPython) return null;
  return OURS.has(text(name)) ? null : text(name);
}

const PREFIX = "kernelspec:";
const OURS = new Set(["", "python", "python3"]);

/** The setting that the notebook's metadata stands for, given what is installed. */
export function chosenIn(
  metadata: Y.Map<unknown>,
  kernelspecs: readonly Kernelspec[] = [],
): string | null {
  const spec = partOf(metadata, "kernelspec");
  if (typeof spec.interpreter === "string" && spec.interpreter !== "") return spec.interpreter;
  const name = text(spec.name);
  if (OURS.has(name)) return null;
  const found = kernelspecs.find((each) => each.name.toLowerCase() === name.toLowerCase());
  if (found) return found.setting;
  const language = text(spec.language) || text(partOf(metadata, "language_info").name);
  const isPython = ["", "python", "ipython"].includes(language.toLowerCase());
  return isPython ? null : PREFIX + name;
}

const PYTHON = { display_name: "Python 3", language: "python", name: "python3" };

/** A Python: the server's own (null), an environment's folder, or an executable. */
export function choose(metadata: Y.Map<unknown>, setting: string | null): void {
  const { interpreter: _, ...rest } = partOf(metadata, "kernelspec");
  const about = text(partOf(metadata, "language_info").name).toLowerCase();
  const isOurs = OURS.has(text(rest.name)) || setting !== null;
  const isPython = ["", "python", "ipython"].includes(text(rest.language).toLowerCase());
  const spec = isPython && isOurs ? rest : PYTHON;
  // With what nbformat asks of a kernelspec, or it would be a notebook that others refuse.
  const wanted = setting === null ? spec : { ...PYTHON, ...spec, interpreter: setting };
  if (Object.keys(wanted).length === 0) metadata.delete("kernelspec");
  else if (JSON.stringify(wanted) !== JSON.stringify(partOf(metadata, "kernelspec"))) {
    metadata.set("kernelspec", wanted);
  }
  if (about !== "" && about !== "python" && about !== "ipython") {
    metadata.set("language_info", { name: "python" });
  }
}

/** A kernelspec, in Jupyter's words; what its kernel says of its language comes with it. */
export function chooseKernelspec(metadata: Y.Map<unknown>, spec: Kernelspec): void {
  const { interpreter: _, ...rest } = partOf(metadata, "kernelspec");
  const words = { display_name: spec.title, language: spec.language, name: spec.name };
  metadata.set("kernelspec", { ...rest, ...words });
  const about = text(partOf(metadata, "language_info").name);
  if (spec.language !== "" && about.toLowerCase() !== spec.language.toLowerCase()) {
    metadata.set("language_info", { name: spec.language });
  }
}
