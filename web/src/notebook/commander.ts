/**
 * What a person can do with a notebook, each as one plain act: on the cells that are
 * selected, through the session and the document. Keys, buttons and menus all come here.
 */

import * as Y from "yjs";
import { executionOf, runningCell } from "../core/selectors";
import { DebugDesk } from "../debugger/desk";
import type { Scroll } from "../outputs/output-tools";
import { anchorsIn } from "../outputs/prose/anchors";
import type { Operation } from "../protocol/generated";
import { currentSettings } from "../settings/settings-store";
import {
  cellsIn,
  deleteCells,
  insertCell,
  mergeCells,
  moveCells,
  type NewCell,
  type Replacement,
  replaceParts,
  replaceSource,
  STRUCTURE,
  setKind,
  splitCell,
} from "../sync/cells";
import type { NotebookSession } from "../sync/notebook-session";
import { notify } from "../ui/notices";
import { counted } from "../ui/words";
import { type CopiedCell, offerToSystem, putCells, takeCells } from "./clipboard";
import type { Folds } from "./folds";
import { formatCells } from "./formatting";
import { isPartHidden, type Part, setPartHidden } from "./hidden";
import type { NotebookView } from "./notebook-view";
import { areBeside, setBeside } from "./outputs-beside";

export class Commander {
  readonly debug: DebugDesk;
  #undo: { readonly doc: Y.Doc; readonly history: Y.UndoManager } | null = null;

  constructor(
    readonly session: NotebookSession,
    readonly view: NotebookView,
    readonly folds: Folds,
  ) {
    this.debug = new DebugDesk(session);
  }

  // ── reading ────────────────────────────────────────────────────────────────

  get order(): string[] {
    return this.session.document.heads.map((head) => head.cell_id);
  }

  /** The selected cells, with those that are folded under them. */
  get selected(): string[] {
    const { order, folds } = this;
    const chosen = new Set(this.view.selected(order));
    for (const cellId of [...chosen]) for (const under of folds.under(cellId)) chosen.add(under);
    return order.filter((cellId) => chosen.has(cellId));
  }

  get doc(): Y.Doc {
    return this.session.document.doc;
  }

  kindOf(cellId: string): string {
    return this.session.document.heads.find((head) => head.cell_id === cellId)?.kind ?? "code";
  }

  // ── moving about ───────────────────────────────────────────────────────────

  /** Goes to the cell above or below; false when there is none. */
  go(by: -1 | 1, how: "select" | "extend" | "edit" = "select"): boolean {
    const order = this.order.filter((cellId) => !this.folds.isHidden(cellId));
    const at = order.indexOf(this.view.current.active ?? "");
    const next = order[at < 0 ? 0 : at + by];
    if (next === undefined || (at < 0 && order.length === 0)) return false;
    if (how === "extend") this.view.extendTo(next);
    else if (how === "edit") this.view.edit(next, { at: by === 1 ? "start" : "end" });
    else this.view.select(next);
    return true;
  }

  /** Whether the active cell was deleted by somebody else, perhaps while it was typed in. */
  get hasLostCell(): boolean {
    const { active } = this.view.current;
    return active !== null && !this.order.includes(active);
  }

  goToEnd(which: "first" | "last"): void {
    const cellId = which === "first" ? this.order[0] : this.order.at(-1);
    if (cellId !== undefined) this.view.select(cellId);
  }

  selectToEnd(which: "first" | "last"): void {
    const cellId = which === "first" ? this.order[0] : this.order.at(-1);
    if (cellId !== undefined) this.view.extendTo(cellId);
  }

  /** Goes to the cell that last ran under this count, to this line of it. */
  goToCount(count: number, line = 1): void {
    const { state } = this.session.store.current;
    const found = Object.values(state.executions).find((each) => each.execution_count === count);
    if (found && this.order.includes(found.cell_id))
      this.view.edit(found.cell_id, { at: "line", line });
    else notify({ text: `The cell that ran as [${count}] is not in this notebook any more` });
  }

  /** Goes to the Markdown cell that has a heading or an anchor of this name. */
  goToAnchor(anchor: string): void {
    const found = this.order.find((cellId) => {
      if (this.kindOf(cellId) !== "markdown") return false;
      const source = this.session.document.source(cellId)?.toString() ?? "";
      return anchorsIn(source).includes(anchor);
    });
    if (found === undefined) notify({ text: `Nothing in this notebook is called “${anchor}”` });
    else this.view.select(found);
  }

  goToRunning(): void {
    const cellId = runningCell(this.session.store.current.state);
    if (cellId !== null && this.order.includes(cellId)) this.view.select(cellId);
    else notify({ text: "No cell runs" });
  }

  // ── running ────────────────────────────────────────────────────────────────

  run(then: "stay" | "next" | "insert"): void {
    const cells = this.selected;
    if (cells.length === 0) return;
    this.#run({ kind: "run-cells", cell_ids: cells });
    const last = cells.at(-1) ?? "";
    const stays = then === "stay" || (then === "next" && !currentSettings().movesOn);
    if (stays) this.view.select(this.view.current.active ?? last);
    else if (then === "insert") this.#insertAt(this.order.indexOf(last) + 1, {});
    else this.#next(last);
  }

  #next(cellId: string): void {
    const { order } = this;
    const next = order.slice(order.indexOf(cellId) + 1).find((id) => !this.folds.isHidden(id));
    if (next !== undefined) this.view.select(next);
    else this.#insertAt(order.length, {});
  }

  runCells(cellIds: readonly string[]): void {
    this.#run({ kind: "run-cells", cell_ids: [...cellIds] });
  }

  runAll(): void {
    this.#run({ kind: "run-all" });
  }

  runAbove(): void {
    const [first] = this.selected;
    if (first !== undefined) this.#run({ kind: "run-above", cell_id: first });
  }

  runBelow(): void {
    const [first] = this.selected;
    if (first !== undefined) this.#run({ kind: "run-below", cell_id: first });
  }

  /** Installs a package by a cell above this one, which stays: a reader sees what is needed. */
  install(cellId: string, distribution: string): void {
    const source = `%pip install ${distribution}`;
    const at = this.order.indexOf(cellId);
    const before = this.order[at - 1];
    if (before !== undefined && this.session.document.source(before)?.toString() === source) {
      this.runCells([before]);
      return;
    }
    this.#watchStructure();
    this.runCells([insertCell(this.doc, Math.max(0, at), { kind: "code", source })]);
  }

  /** Runs what was never run and what was edited since. */
  runChanged(): void {
    const { state } = this.session.store.current;
    const changed = this.order.filter((cellId) => {
      if (this.kindOf(cellId) !== "code") return false;
      const source = this.session.document.source(cellId)?.toString() ?? "";
      const execution = executionOf(state, cellId);
      if (!execution) return source.trim() !== "";
      return execution.phase === "finished" && execution.source !== source;
    });
    if (changed.length > 0) this.runCells(changed);
    else notify({ text: "Nothing was edited since it ran" });
  }

  cancel(executionIds: readonly string[] | null): void {
    this.#submit({ kind: "cancel-executions", execution_ids: executionIds });
  }

  interrupt(): void {
    this.debug.interrupt(() => this.#submit({ kind: "interrupt" }));
  }

  toggleDebugger(): void {
    void this.debug.toggle();
  }

  startKernel(): void {
    this.#submit({ kind: "start-kernel" });
  }

  restart(runsAll = false): void {
    this.#submit({ kind: "restart-kernel", run_all: runsAll });
  }

  stopKernel(kills = false): void {
    this.#submit({ kind: "stop-kernel", kill: kills });
  }

  answer(promptId: string, value: string): void {
    this.#submit({ kind: "answer-input", prompt_id: promptId, value });
  }

  cancelPrompt(promptId: string): void {
    this.#submit({ kind: "cancel-input", prompt_id: promptId });
  }

  clearOutputs(cellIds: readonly string[] | null): void {
    this.#submit({ kind: "clear-outputs", cell_ids: cellIds });
  }

  /** Writes the file; formats first where the settings ask for it. */
  /** Outputs go into a file beside the notebook, or back into it; said once, and undone. */
  toggleOutputsBeside(): void {
    const isBeside = !areBeside(this.doc);
    setBeside(this.doc, isBeside);
    const path = this.session.store.current.notebook?.path ?? this.session.path;
    const name = path.split("/").at(-1) ?? path;
    const isText = !/\.ipynb$/i.test(name);
    const inside = isText
      ? "Outputs are no longer saved in a file"
      : `Outputs are in ${name} again`;
    notify({
      text: isBeside ? `Outputs are saved in ${name}.outputs.json` : inside,
      action: { label: "Undo", run: () => setBeside(this.doc, !isBeside) },
    });
  }

  save(): void {
    const save = () => this.#submit({ kind: "save" });
    if (currentSettings().formatsOnSave) void formatCells(this, this.order, true).then(save);
    else save();
  }

  format(cellIds: readonly string[] = this.order): void {
    void formatCells(this, cellIds);
  }

  resolveConflict(choice: "mine" | "theirs" | "copy"): void {
    this.#submit({ kind: "resolve-conflict", choice });
  }

  /** While one debugs, breakpoints first: they belong to the text that is about to run. */
  #run(operation: Operation): void {
    if (this.debug.state.phase === "off") this.#submit(operation);
    else void this.debug.ready().then(() => this.#submit(operation));
  }

  #submit(operation: Operation): void {
    void this.session.submit(operation); // a refusal comes back as a notice
  }

  // ── cells ──────────────────────────────────────────────────────────────────

  insert(where: "above" | "below", kind = "code"): void {
    const { order } = this;
    const edge = where === "above" ? this.selected[0] : this.selected.at(-1);
    const at = order.indexOf(edge ?? "");
    this.#insertAt(at < 0 ? order.length : at + (where === "below" ? 1 : 0), { kind }, false);
  }

  /** A new cell at the end, ready to be typed in. */
  append(kind: string): void {
    this.#insertAt(this.order.length, { kind });
  }

  insertAfter(cellId: string | null, kind: string): void {
    const at = cellId === null ? 0 : this.order.indexOf(cellId) + 1;
    this.#insertAt(at, { kind });
  }

  #insertAt(index: number, cell: NewCell, edits = true): void {
    this.#watchStructure();
    const cellId = insertCell(this.doc, index, cell);
    if (edits) this.view.edit(cellId);
    else this.view.select(cellId);
  }

  delete(): void {
    const cells = this.selected;
    if (cells.length === 0) return;
    this.#watchStructure();
    const { order } = this;
    const after = order[order.indexOf(cells.at(-1) ?? "") + 1];
    const before = order[order.indexOf(cells[0] ?? "") - 1];
    deleteCells(this.doc, cells);
    const left = after ?? before;
    if (left !== undefined) this.view.select(left);
    const undo = { label: "Undo", run: () => this.undo() };
    notify({ text: `${counted(cells.length, "cell")} deleted`, action: undo });
  }

  /** Into the clipboard; into the system's too, where the browser's own copy does not do it. */
  copy(offers = true): void {
    const cells = this.selected.map((cellId) => this.#copied(cellId));
    putCells(cells);
    if (offers) offerToSystem(cells);
  }

  cut(offers = true): void {
    this.copy(offers);
    this.delete();
  }

  paste(where: "above" | "below", cells: readonly CopiedCell[] = takeCells()): void {
    if (cells.length === 0) return;
    const { order, selected } = this;
    const edge = where === "above" ? selected[0] : selected.at(-1);
    const at =
      edge === undefined ? order.length : order.indexOf(edge) + (where === "below" ? 1 : 0);
    this.#insertCopies(cells, at);
  }

  duplicate(): void {
    const { order, selected } = this;
    const cells = selected.map((cellId) => this.#copied(cellId));
    this.#insertCopies(cells, order.indexOf(selected.at(-1) ?? "") + 1);
  }

  #insertCopies(cells: readonly CopiedCell[], at: number): void {
    this.#watchStructure();
    const { document: notebook } = this.session;
    const made: string[] = [];
    this.doc.transact(() => {
      cells.forEach(({ cellId, ...cell }, offset) => {
        // What was cut comes back as itself, and its outputs with it.
        const isFree = cellId !== undefined && isId(cellId) && notebook.cell(cellId) === null;
        const given = isFree ? { ...cell, cell_id: cellId } : cell;
        made.push(insertCell(this.doc, at + offset, given));
      });
    }, STRUCTURE);
    const last = made.at(-1);
    if (last !== undefined) this.view.select(last);
  }

  #copied(cellId: string): CopiedCell {
    const cell = this.session.document.cell(cellId);
    const attachments = cell?.get("attachments")?.toJSON();
    return {
      kind: cell?.get("kind") ?? "code",
      source: cell?.get("source")?.toString() ?? "",
      metadata: cell?.get("metadata")?.toJSON() ?? {},
      ...(attachments ? { attachments } : {}),
      cellId,
    };
  }

  setKind(kind: string): void {
    const cells = this.view.selected(this.order);
    this.#watchStructure();
    this.doc.transact(() => {
      for (const cellId of cells) setKind(this.doc, cellId, kind);
    }, STRUCTURE);
    if (cells.length < 2) return;
    const text = `${counted(cells.length, "cell")} turned to ${kind}`;
    notify({ text, action: { label: "Undo", run: () => this.undo() } });
  }

  /** Makes the cell Markdown with a heading of this level. */
  setHeading(level: number): void {
    const [cellId] = this.selected;
    const source = this.session.document.source(cellId ?? "");
    if (cellId === undefined || !source) return;
    this.setKind("markdown");
    const text = source.toString();
    const old = /^#{1,6} +/.exec(text)?.[0] ?? "";
    this.doc.transact(() => {
      source.delete(0, old.length);
      source.insert(0, `${"#".repeat(level)} `);
    }, STRUCTURE);
  }

  move(by: -1 | 1): void {
    const { order, selected } = this;
    const [first, last] = [order.indexOf(selected[0] ?? ""), order.indexOf(selected.at(-1) ?? "")];
    const neighbour = order[by === 1 ? last + 1 : first - 1];
    if (first < 0 || neighbour === undefined) return;
    // A folded section is passed as a whole.
    const head = this.folds.headOf(neighbour) ?? neighbour;
    const size = this.folds.under(head).length + 1;
    this.moveTo(selected, by === 1 ? last + 1 + size : order.indexOf(head));
  }

  moveToEnd(which: "first" | "last"): void {
    this.moveTo(this.selected, which === "first" ? 0 : this.order.length);
  }

  /** Moves the cells, together, before the cell that is now number `at`. */
  moveTo(cellIds: readonly string[], at: number): void {
    this.#watchStructure();
    moveCells(this.doc, cellIds, at);
  }

  /** Cuts the cell at each of the places; goes on in the lowest part. */
  split(cellId: string, offsets: readonly number[]): void {
    this.#watchStructure();
    let below: string | null = null;
    this.doc.transact(() => {
      // From the end: what is cut off does not move the places before it.
      for (const offset of [...new Set(offsets)].sort((a, b) => b - a)) {
        const made = splitCell(this.doc, cellId, offset);
        below ??= made;
      }
    }, STRUCTURE);
    if (below !== null) this.view.edit(below, { at: "start" });
  }

  /** Makes a change to cells that `undo` takes back as one. */
  changeCells(change: () => void): void {
    this.#watchStructure();
    change();
  }

  /** Joins the selected cells, or the active one with the one below. */
  merge(): void {
    const { order } = this;
    let cells = this.view.selected(order);
    if (cells.length === 1) {
      const below = order[order.indexOf(cells[0] ?? "") + 1];
      if (below === undefined) return;
      cells = [...cells, below];
    }
    this.#watchStructure();
    const joined = mergeCells(this.doc, cells);
    if (joined !== null) this.view.select(joined);
  }

  /** Puts another text into the cell; `undo` takes it back. */
  replaceSource(cellId: string, text: string): void {
    this.#watchStructure();
    replaceSource(this.doc, cellId, text);
    notify({ text: "The earlier text is back", action: { label: "Undo", run: () => this.undo() } });
  }

  /** Replaces what was found, as one step. */
  replaceParts(replacements: readonly Replacement[]): void {
    this.#watchStructure();
    const done = replaceParts(this.doc, replacements);
    if (replacements.length < 2 && done > 0) return;
    const undo = { label: "Undo", run: () => this.undo() };
    notify({ text: `${counted(done, "place")} replaced`, ...(done > 0 ? { action: undo } : {}) });
  }

  // ── what is hidden ─────────────────────────────────────────────────────────

  isHidden(cellId: string, part: Part = "outputs"): boolean {
    return isPartHidden(this.session.document.cell(cellId), part);
  }

  /** Hides the part in all of the cells, or shows it where all hide it. */
  toggle(part: Part, cellIds: readonly string[] = this.selected): void {
    this.hide(part, !cellIds.every((cellId) => this.isHidden(cellId, part)), cellIds);
  }

  hide(part: Part, hides: boolean, cellIds: readonly string[] = this.order): void {
    this.#watchStructure();
    const { document: notebook } = this.session;
    this.doc.transact(() => {
      for (const cellId of cellIds) {
        if (this.isHidden(cellId, part) !== hides) {
          setPartHidden(notebook.cell(cellId), part, hides);
        }
      }
    }, STRUCTURE);
  }

  /** How tall the outputs stand, as Jupyter's `scrolled` has it. */
  scrollOf(cellId: string): Scroll {
    const scrolled: unknown = this.session.document.cell(cellId)?.get("metadata")?.get("scrolled");
    if (scrolled === true) return "box";
    return scrolled === false ? "whole" : "auto";
  }

  setScroll(cellIds: readonly string[], scroll: Scroll): void {
    this.#watchStructure();
    this.doc.transact(() => {
      for (const cellId of cellIds) {
        const metadata = this.session.document.cell(cellId)?.get("metadata");
        if (scroll === "auto") metadata?.delete("scrolled");
        else metadata?.set("scrolled", scroll === "box");
      }
    }, STRUCTURE);
  }

  /** Into a scroll box and out of it again. */
  toggleScroll(): void {
    const cells = this.selected;
    const isBox = cells.every((cellId) => this.scrollOf(cellId) === "box");
    this.setScroll(cells, isBox ? "auto" : "box");
  }

  /** Folds the sections of the selected headings, or of the heading above. */
  fold(folds: boolean): void {
    const { order } = this;
    const heads = this.view.selected(order).filter((cellId) => this.folds.canFold(cellId));
    const [first] = this.selected;
    if (heads.length === 0 && folds && first !== undefined) {
      const above = order.slice(0, order.indexOf(first)).findLast((id) => this.folds.canFold(id));
      if (above === undefined) return;
      this.#watchStructure();
      this.folds.fold([above], true);
      this.view.select(above);
      return;
    }
    this.#watchStructure();
    this.folds.fold(heads, folds);
  }

  foldAll(folds: boolean): void {
    this.#watchStructure();
    this.folds.foldAll(folds);
  }

  // ── undo of what was done to cells ─────────────────────────────────────────

  undo(): void {
    this.#step((history) => history.undo());
  }

  redo(): void {
    this.#step((history) => history.redo());
  }

  #step(take: (history: Y.UndoManager) => unknown): void {
    const before = new Set(this.order);
    take(this.#watchStructure());
    const back = this.order.find((cellId) => !before.has(cellId));
    const { active } = this.view.current;
    if (back !== undefined) this.view.select(back);
    else if (active === null || !this.order.includes(active)) {
      const [first] = this.order;
      if (first !== undefined) this.view.select(first);
    }
  }

  /** The history of the document as it is now; begun with the first change. */
  #watchStructure(): Y.UndoManager {
    const { doc } = this;
    if (this.#undo?.doc !== doc) {
      this.#undo?.history.destroy();
      // One act, one step: nothing is gathered over time.
      const options = { trackedOrigins: new Set([STRUCTURE]), captureTimeout: 0 };
      const history = new Y.UndoManager(cellsIn(doc) as unknown as Y.Map<unknown>, options);
      this.#undo = { doc, history };
    }
    return this.#undo.history;
  }

  close(): void {
    this.#undo?.history.destroy();
    this.#undo = null;
  }
}

function isId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(text);
}
