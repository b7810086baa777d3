/**
 * What the server knows of the notebook's Python without running it (PAGE-40 to 42), and how
 * that is laid together with what the kernel knows. Cursors are in UTF-16 units here and in
 * code points on the wire.
 */

import { codePoints, unitOf } from "../core/code-points";
import type { Completions, Signature } from "../editor/editor-actions";
import type { NotebookSession } from "../sync/notebook-session";

type Answer = { readonly [key: string]: unknown };
type Kind = "complete" | "signature" | "describe" | "definition" | "uses";

export interface Asked {
  readonly cellId: string;
  readonly source: string;
  readonly unit: number;
}

/** Null where nothing is known, or the server is away: a person goes on typing either way. */
export async function askLanguage(
  session: NotebookSession,
  kind: Kind,
  { cellId, source, unit }: Asked,
  signal?: AbortSignal,
): Promise<Answer | null> {
  const notebookId = session.notebookId;
  if (notebookId === null) return null;
  try {
    const response = await session.server.request(
      "POST",
      `api/v1/notebooks/${notebookId}/language`,
      {
        kind,
        cell_id: cellId,
        source,
        cursor: codePoints(source.slice(0, unit)),
        asker: session.clientId,
      },
      signal,
    );
    const { answer } = (await response.json()) as { answer?: unknown };
    return typeof answer === "object" && answer !== null ? (answer as Answer) : null;
  } catch {
    return null; // the page says elsewhere that the server is away
  }
}

// ── completion ───────────────────────────────────────────────────────────────

export function completionsOf(result: Answer | null, code: string): Completions | null {
  if (result === null) return null;
  const { matches, start, end } = result;
  if (!Array.isArray(matches) || typeof start !== "number" || typeof end !== "number") return null;
  const options = [];
  for (const match of matches) {
    if (typeof match !== "object" || match === null) continue;
    const { text, kind, signature } = match as Answer;
    if (typeof text !== "string") continue;
    options.push({
      text,
      kind: typeof kind === "string" ? kind : "",
      signature: typeof signature === "string" ? signature : "",
    });
  }
  return { from: unitOf(code, start), to: unitOf(code, end), options };
}

/**
 * Live names first, then what the text knows beyond them; each name once. Where the two would
 * replace different parts of the text, the live names alone.
 */
export function merged(
  live: Completions | null,
  still: Completions | null,
  code: string,
): Completions | null {
  if (!live || live.options.length === 0) return still;
  if (!still || still.options.length === 0) return live;
  const first = startingAt(live, still.from, code);
  if (!first || first.to !== still.to) return live;
  const names = new Set(first.options.map((option) => option.text));
  const more = still.options.filter(({ text }) => !names.has(text) && !names.has(bare(text)));
  return { ...first, options: [...first.options, ...more] };
}

/** `count=` of a parameter is the name `count`. */
function bare(text: string): string {
  return text.replace(/=$/, "");
}

/** The same names, replacing from `from` on: `.head` at the dot is `head` behind it. */
function startingAt(found: Completions, from: number, code: string): Completions | null {
  if (found.from === from) return found;
  if (found.from > from) return null;
  const prefix = code.slice(found.from, from);
  if (!found.options.every((option) => option.text.startsWith(prefix))) return null;
  const options = found.options.map((option) => ({
    ...option,
    text: option.text.slice(prefix.length),
  }));
  return { from, to: found.to, options };
}

const MORE_MS = 100; // how long names that are there wait for those of the other side

/** Both sides are asked at once; who is first waits a moment for the other. */
export async function soonest(
  live: Promise<Completions | null>,
  still: Promise<Completions | null>,
  code: string,
): Promise<Completions | null> {
  const found: { live: Completions | null; still: Completions | null } = {
    live: null,
    still: null,
  };
  const kept = Promise.all([
    live.then((names) => {
      found.live = names;
    }),
    still.then((names) => {
      found.still = names;
    }),
  ]);
  const any = new Promise<void>((resolve) => {
    for (const side of [live, still]) void side.then((names) => hasAny(names) && resolve());
  });
  const moment = any.then(() => new Promise((resolve) => setTimeout(resolve, MORE_MS)));
  await Promise.race([kept, moment]);
  return merged(found.live, found.still, code);
}

function hasAny(found: Completions | null): boolean {
  return found !== null && found.options.length > 0;
}

// ── signatures ───────────────────────────────────────────────────────────────

export function signatureOf(answer: Answer | null): Signature | null {
  const signatures = answer?.signatures;
  if (!Array.isArray(signatures) || signatures.length === 0) return null;
  const { label, parameters, active, text } = signatures[0] as Answer;
  if (typeof label !== "string") return null;
  const spans = Array.isArray(parameters) ? (parameters as (readonly [number, number])[]) : [];
  return {
    label,
    parameters: spans.map(([from, to]) => [unitOf(label, from), unitOf(label, to)]),
    active: typeof active === "number" ? active : null,
    text: typeof text === "string" ? text : "",
  };
}

const SECTION = /^([A-Z][a-z]+(?: [a-z]+)?):[ \t]*(.*)$/;

/** `Signature: …` and the like, by their names; each ends where the next begins. */
function sectionsOf(text: string): ReadonlyMap<string, string> {
  const sections = new Map<string, string>();
  let name = "";
  for (const line of text.split("\n")) {
    const found = SECTION.exec(line);
    if (found) name = (found[1] ?? "").toLowerCase();
    const rest = found ? (found[2] ?? "") : line;
    sections.set(name, sections.has(name) ? `${sections.get(name)}\n${rest}` : rest);
  }
  return sections;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const COLOURS = /\x1b\[[0-9;]*m/g;

/** The signature in what the kernel says of a name, for a call that has `given` arguments. */
export function liveSignatureOf(said: string, given: number): Signature | null {
  const sections = sectionsOf(said.replace(COLOURS, ""));
  const label = (sections.get("signature") ?? sections.get("init signature"))
    ?.replace(/\s+/g, " ")
    .trim();
  if (!label?.includes("(")) return null;
  const parameters = parametersIn(label);
  const active = parameters.length === 0 ? null : Math.min(given, parameters.length - 1);
  const words = sections.get("docstring") ?? sections.get("init docstring") ?? "";
  const text = words.trim().split(/\n\s*\n/, 1)[0] ?? "";
  return { label, parameters, active, text };
}

/** From and to of each parameter in `name(a, b=(1, 2))`. */
function parametersIn(label: string): (readonly [number, number])[] {
  const found: (readonly [number, number])[] = [];
  let depth = 0;
  let start = -1;
  for (let at = label.indexOf("("); at < label.length; at += 1) {
    const sign = label[at] ?? "";
    const isEnd = sign === ")" && depth === 1;
    if ("([{".includes(sign)) depth += 1;
    if (")]}".includes(sign)) depth -= 1;
    if (sign === "(" && depth === 1) start = at + 1;
    if ((sign === "," && depth === 1) || isEnd) {
      const text = label.slice(start, at);
      const from = start + (text.length - text.trimStart().length);
      const to = start + text.trimEnd().length;
      if (to > from && !["*", "/"].includes(label.slice(from, to))) found.push([from, to]);
      start = at + 1;
    }
    if (isEnd) break;
  }
  return found;
}

// ── places ───────────────────────────────────────────────────────────────────

/** A place in a cell, in UTF-16 units. */
export interface Spot {
  readonly cellId: string;
  readonly unit: number;
  readonly defines: boolean;
}

export function spotOf(given: unknown, sourceOf: (cellId: string) => string): Spot | null {
  if (typeof given !== "object" || given === null) return null;
  const { cell_id, cursor, defines } = given as Answer;
  if (typeof cell_id !== "string" || typeof cursor !== "number") return null;
  const unit = unitOf(sourceOf(cell_id), cursor);
  return { cellId: cell_id, unit, defines: defines === true };
}
