/** Where a name is defined and where it is used, over the notebook's cells. */

import { notify } from "../ui/notices";
import type { Commander } from "./commander";
import { type Asked, askLanguage, type Spot, spotOf } from "./language";

/** A place a name stands at, with its line for a person to know it by. */
export interface NamePlace extends Spot {
  readonly number: number;
  readonly line: number;
  readonly text: string;
}

export interface NamePlaces {
  readonly name: string;
  readonly places: readonly NamePlace[];
}

let shown: NamePlaces | null = null;
const listeners = new Set<() => void>();

function show(next: NamePlaces | null): void {
  shown = next;
  for (const listener of listeners) listener();
}

export function subscribeNamePlaces(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** What the list of uses shows; null while it is closed. */
export function shownNamePlaces(): NamePlaces | null {
  return shown;
}

export function closeNamePlaces(): void {
  show(null);
}

function sourceOf(commander: Commander): (cellId: string) => string {
  return (cellId) => commander.session.document.source(cellId)?.toString() ?? "";
}

export function goToSpot(commander: Commander, { cellId, unit }: Spot): void {
  commander.view.edit(cellId, { at: "unit", unit });
}

export async function goToDefinition(commander: Commander, asked: Asked): Promise<void> {
  const answer = await askLanguage(commander.session, "definition", asked);
  const spot = spotOf(answer, sourceOf(commander));
  if (spot) {
    goToSpot(commander, spot);
    return;
  }
  const { module, name, file_line: line } = answer ?? {};
  if (typeof module === "string" && typeof name === "string" && module !== "") {
    const where = typeof line === "number" ? `${module}, line ${line}` : module;
    notify({ text: `${name} is defined outside of this notebook: in ${where}` });
  } else notify({ text: "Where this is defined is not known" });
}

export async function showUses(commander: Commander, asked: Asked): Promise<void> {
  const answer = await askLanguage(commander.session, "uses", asked);
  const read = sourceOf(commander);
  const given = Array.isArray(answer?.places) ? answer.places : [];
  const places = given.flatMap((each: unknown): NamePlace[] => {
    const spot = spotOf(each, read);
    if (!spot) return [];
    const source = read(spot.cellId);
    const start = source.lastIndexOf("\n", spot.unit - 1) + 1;
    const text = source.slice(start).split("\n", 1)[0] ?? "";
    const line = source.slice(0, start).split("\n").length;
    const number = commander.order.indexOf(spot.cellId) + 1;
    return [{ ...spot, number, line, text: text.trim() }];
  });
  if (places.length === 0) notify({ text: "No uses of this were found" });
  else show({ name: typeof answer?.name === "string" ? answer.name : "", places });
}
