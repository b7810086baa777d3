/**
 * The shape of the shared document (SYNC-23), and how its cells are inserted, moved, split and
 * joined. Every change is one transaction with `STRUCTURE` as its origin, so that it is undone
 * as one and apart from what was typed.
 */

import { generateKeyBetween, generateNKeysBetween } from "fractional-indexing";
import * as Y from "yjs";
import type { CellHead } from "../core/pending";
import { newId } from "./new-id";

/** Origin of changes to which cells there are and in which order. */
export const STRUCTURE = Symbol("structure");
/** Origin of changes that the undo of the one cell takes back, as what is typed there. */
export const TYPED = Symbol("typed");

export type CellKind = "code" | "markdown" | "raw" | (string & {});

interface CellFields {
  kind: string;
  source: Y.Text;
  metadata: Y.Map<unknown>;
  attachments: Y.Map<unknown>;
  position: string;
}

/** A cell's map, with what we know of its fields. */
export interface CellMap extends Y.Map<unknown> {
  get<Name extends keyof CellFields>(name: Name): CellFields[Name] | undefined;
}

export interface Cells extends Y.AbstractType<unknown> {
  readonly size: number;
  get(cellId: string): CellMap | undefined;
  set(cellId: string, cell: Y.Map<unknown>): void;
  delete(cellId: string): void;
  has(cellId: string): boolean;
  entries(): IterableIterator<[string, CellMap]>;
}

/** What a new cell may be given. */
export interface NewCell {
  readonly cell_id?: string;
  readonly kind?: CellKind;
  readonly source?: string;
  readonly metadata?: { readonly [key: string]: unknown };
  /** Pictures in its Markdown; none for most. */
  readonly attachments?: { readonly [name: string]: unknown };
}

export function cellsIn(doc: Y.Doc): Cells {
  return doc.getMap("cells") as unknown as Cells;
}

export function metadataIn(doc: Y.Doc): Y.Map<unknown> {
  return doc.getMap("metadata");
}

const LAST_POSITION = "~"; // after every position

// ── order ────────────────────────────────────────────────────────────────────

interface Placed {
  readonly cellId: string;
  readonly position: string;
  readonly cell: CellMap;
}

/** The cells in order: by position, then by id, compared as bytes. */
function placed(cells: Cells): Placed[] {
  const found: Placed[] = [];
  for (const [cellId, cell] of cells.entries()) {
    found.push({ cellId, cell, position: positionOf(cell) });
  }
  return found.sort((a, b) => compare(a.position, b.position) || compare(a.cellId, b.cellId));
}

/** As the server reads it: what is no position comes last. */
function positionOf(cell: CellMap): string {
  const position: unknown = cell.get("position");
  const isOne = typeof position === "string" && !/[^\0-\x7f]/.test(position);
  return isOne ? position : LAST_POSITION;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function headsOf(cells: Cells): CellHead[] {
  return placed(cells).map(({ cellId, cell }) => ({
    cell_id: cellId,
    kind: cell.get("kind") || "code",
  }));
}

/**
 * A position after `order[index - 1]` and before `order[index]`. Where there is none, because two
 * people gave two cells one position or a program wrote what is no position, the cells from there
 * on are given new ones first.
 */
function positionAt(order: readonly Placed[], index: number): string {
  const before = order[index - 1]?.position ?? null;
  let end = index;
  while (before !== null && order[end]?.position === before) end += 1;
  try {
    return positionsIn(order, index, end, before);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const all = generateNKeysBetween(null, null, order.length + 1);
    const [position = ""] = all.splice(index, 1);
    give(order, 0, all);
    return position;
  }
}

/** Throws where the neighbours' positions are none. */
function positionsIn(
  order: readonly Placed[],
  index: number,
  end: number,
  before: string | null,
): string {
  const after = order[end]?.position ?? null;
  if (end === index) return generateKeyBetween(before, after);
  const [position = "", ...others] = generateNKeysBetween(before, after, end - index + 1);
  give(order, index, others);
  return position;
}

function give(order: readonly Placed[], from: number, positions: readonly string[]): void {
  positions.forEach((position, offset) => {
    order[from + offset]?.cell.set("position", position);
  });
}

// ── changes ──────────────────────────────────────────────────────────────────

/** Adds a cell so that it stands at `index`; returns its id. */
export function insertCell(doc: Y.Doc, index: number, given: NewCell = {}): string {
  const cellId = given.cell_id ?? newId();
  doc.transact(() => {
    const cells = cellsIn(doc);
    const position = positionAt(placed(cells), index);
    cells.set(cellId, newCell(given, position));
  }, STRUCTURE);
  return cellId;
}

/** Adds a cell below `cellId`, or at the end when that is gone. */
export function insertCellAfter(doc: Y.Doc, cellId: string, given: NewCell = {}): string {
  return insertCell(doc, indexOf(doc, cellId) + 1, given);
}

export function insertCellBefore(doc: Y.Doc, cellId: string, given: NewCell = {}): string {
  return insertCell(doc, indexOf(doc, cellId), given);
}

export function deleteCells(doc: Y.Doc, cellIds: readonly string[]): void {
  doc.transact(() => {
    const cells = cellsIn(doc);
    for (const cellId of cellIds) cells.delete(cellId);
  }, STRUCTURE);
}

/** Moves a cell so that it stands at `index` of the order without it. */
export function moveCell(doc: Y.Doc, cellId: string, index: number): void {
  doc.transact(() => {
    const cells = cellsIn(doc);
    const cell = cells.get(cellId);
    if (!cell) return;
    const others = placed(cells).filter((other) => other.cellId !== cellId);
    const isThere = indexOf(doc, cellId) === index;
    if (!isThere) cell.set("position", positionAt(others, Math.min(index, others.length)));
  }, STRUCTURE);
}

/** Moves cells, together and in this order, before the cell that is number `at` now. */
export function moveCells(doc: Y.Doc, cellIds: readonly string[], at: number): void {
  const order = placed(cellsIn(doc)).map(({ cellId }) => cellId);
  const moved = new Set(cellIds);
  const before = order.slice(0, at).filter((cellId) => !moved.has(cellId));
  const others = order.filter((cellId) => !moved.has(cellId));
  const wanted = [...before, ...cellIds, ...others.slice(before.length)];
  if (wanted.every((cellId, index) => cellId === order[index])) return;
  doc.transact(() => {
    let anchor = before.at(-1);
    for (const cellId of cellIds) {
      const rest = placed(cellsIn(doc)).filter((each) => each.cellId !== cellId);
      moveCell(doc, cellId, rest.findIndex((each) => each.cellId === anchor) + 1);
      anchor = cellId;
    }
  }, STRUCTURE);
}

export function setKind(doc: Y.Doc, cellId: string, kind: CellKind): void {
  doc.transact(() => {
    const cell = cellsIn(doc).get(cellId);
    if (cell && cell.get("kind") !== kind) cell.set("kind", kind);
  }, STRUCTURE);
}

/** Makes the cell's source this text, changing only where the two differ. */
export function replaceSource(
  doc: Y.Doc,
  cellId: string,
  text: string,
  origin: symbol = STRUCTURE,
): void {
  const source = cellsIn(doc).get(cellId)?.get("source");
  if (!source) return;
  const before = source.toString();
  const least = Math.min(before.length, text.length);
  let start = 0;
  while (start < least && before[start] === text[start]) start += 1;
  // Half of a pair is no character.
  if (isHighSurrogate(before.charCodeAt(start - 1))) start -= 1;
  let end = 0;
  while (end < least - start && before.at(-1 - end) === text.at(-1 - end)) end += 1;
  if (isLowSurrogate(before.charCodeAt(before.length - end))) end -= 1;
  doc.transact(() => {
    if (before.length - end > start) source.delete(start, before.length - end - start);
    if (text.length - end > start) source.insert(start, text.slice(start, text.length - end));
  }, origin);
}

/** A part of a cell's source and what shall stand there instead of `expected`. */
export interface Replacement {
  readonly cellId: string;
  readonly from: number;
  readonly expected: string;
  readonly text: string;
}

/** Replaces parts of sources that do not overlap; what reads otherwise by now is left alone. */
export function replaceParts(doc: Y.Doc, replacements: readonly Replacement[]): number {
  let done = 0;
  doc.transact(() => {
    const cells = cellsIn(doc);
    for (const { cellId, from, expected, text } of replacements.toSorted(
      (a, b) => b.from - a.from,
    )) {
      const source = cells.get(cellId)?.get("source");
      if (!source || source.toString().slice(from, from + expected.length) !== expected) continue;
      source.delete(from, expected.length);
      source.insert(from, text);
      done += 1;
    }
  }, STRUCTURE);
  return done;
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/**
 * Cuts a cell in two at `offset` of its source. What follows goes into a new cell below, whose
 * id is returned; the cell keeps its id, its outputs and what was before.
 */
export function splitCell(doc: Y.Doc, cellId: string, offset: number): string | null {
  const cell = cellsIn(doc).get(cellId);
  const source = cell?.get("source");
  if (!cell || !source) return null;
  const rest = source.toString().slice(offset);
  let newCellId = "";
  doc.transact(() => {
    source.delete(offset, rest.length);
    // The line break at the cut belongs to neither.
    const before = source.toString();
    if (before.endsWith("\n")) source.delete(before.length - 1, 1);
    newCellId = insertCellAfter(doc, cellId, {
      kind: cell.get("kind") ?? "code",
      source: rest.startsWith("\n") ? rest.slice(1) : rest,
    });
  }, STRUCTURE);
  return newCellId;
}

/** Joins the sources of the cells, in the document's order, into the first of them. */
export function mergeCells(doc: Y.Doc, cellIds: readonly string[]): string | null {
  const wanted = new Set(cellIds);
  const cells = cellsIn(doc);
  const [first, ...others] = placed(cells).filter(({ cellId }) => wanted.has(cellId));
  if (!first || others.length === 0) return null;
  doc.transact(() => {
    const source = first.cell.get("source");
    for (const other of others) {
      const text = other.cell.get("source")?.toString() ?? "";
      source?.insert(source.length, `\n\n${text}`);
      cells.delete(other.cellId);
    }
  }, STRUCTURE);
  return first.cellId;
}

/** Where the cell stands; -1 + number of cells, the last place, for one that is gone. */
function indexOf(doc: Y.Doc, cellId: string): number {
  const order = placed(cellsIn(doc));
  const index = order.findIndex((each) => each.cellId === cellId);
  return index < 0 ? order.length - 1 : index;
}

function newCell(
  { kind = "code", source = "", metadata = {}, attachments }: NewCell,
  position: string,
): Y.Map<unknown> {
  return new Y.Map<unknown>([
    ...(attachments
      ? [["attachments", new Y.Map(Object.entries(attachments))] satisfies [string, unknown]]
      : []),
    ["kind", kind],
    ["source", new Y.Text(source)],
    ["metadata", new Y.Map(Object.entries(metadata))],
    ["position", position],
  ]);
}
