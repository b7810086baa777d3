/**
 * Sections that are folded under their heading: which cells are hidden, and how many. A
 * heading's fold is in its cell's metadata, where JupyterLab keeps it. A plain store.
 */

import type * as Y from "yjs";
import { headingsIn } from "../panels/headings";
import { STRUCTURE } from "../sync/cells";
import type { NotebookSession } from "../sync/notebook-session";

const KEY = "jp-MarkdownHeadingCollapsed";

interface Hidden {
  /** The heading each hidden cell is under: the outermost folded one. */
  readonly under: ReadonlyMap<string, string>;
  readonly counts: ReadonlyMap<string, number>;
}

const NOTHING: Hidden = { under: new Map(), counts: new Map() };

/** The level of the heading a Markdown cell begins a section with; null for none. */
export function levelOf(source: string): number | null {
  return headingsIn(source)[0]?.level ?? null;
}

export class Folds {
  #hidden = NOTHING;
  readonly #listeners = new Set<() => void>();

  constructor(private readonly session: Pick<NotebookSession, "document">) {}

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  isHidden(cellId: string): boolean {
    return this.#hidden.under.has(cellId);
  }

  isFolded(cellId: string): boolean {
    return this.session.document.cell(cellId)?.get("metadata")?.get(KEY) === true;
  }

  /** How many cells are hidden under this heading. */
  count(cellId: string): number {
    return this.#hidden.counts.get(cellId) ?? 0;
  }

  /** The folded heading that hides the cell; null for one that is shown. */
  headOf(cellId: string): string | null {
    return this.#hidden.under.get(cellId) ?? null;
  }

  /** The cells that are hidden under this heading, in order. */
  under(cellId: string): string[] {
    return [...this.#hidden.under].filter(([, head]) => head === cellId).map(([id]) => id);
  }

  canFold(cellId: string): boolean {
    return this.#level(cellId) !== null;
  }

  fold(cellIds: readonly string[], folds: boolean): void {
    const { document: notebook } = this.session;
    notebook.doc.transact(() => {
      for (const cellId of cellIds) {
        const metadata = notebook.cell(cellId)?.get("metadata");
        if (!metadata || this.isFolded(cellId) === folds) continue;
        if (!folds) metadata.delete(KEY);
        else if (this.canFold(cellId)) metadata.set(KEY, true);
      }
    }, STRUCTURE);
  }

  foldAll(folds: boolean): void {
    this.fold(
      this.session.document.heads.map((head) => head.cell_id),
      folds,
    );
  }

  /** Unfolds what hides the cell. */
  reveal(cellId: string): void {
    for (let times = 0; times < 7; times += 1) {
      const head = this.#hidden.under.get(cellId);
      if (head === undefined) return;
      this.fold([head], false);
      this.#read();
    }
  }

  /** Watches until the returned function is called. */
  watch(): () => void {
    const { document: notebook } = this.session;
    let { cells } = notebook;
    const changed = (events: readonly Y.YEvent<Y.AbstractType<unknown>>[]) => {
      if (events.some(this.#matters)) this.#read();
    };
    const begun = () => {
      if (notebook.cells !== cells) {
        cells.unobserveDeep(changed);
        cells = notebook.cells;
        cells.observeDeep(changed);
      }
      this.#read();
    };
    cells.observeDeep(changed);
    const stop = notebook.subscribe(begun);
    this.#read();
    return () => {
      cells.unobserveDeep(changed);
      stop();
    };
  }

  /** Typing is what happens most; it matters only in headings, while something is folded. */
  #matters = (event: Y.YEvent<Y.AbstractType<unknown>>): boolean => {
    const [cellId, field] = event.path;
    if (field === "metadata") return true;
    if (field !== "source" || this.#hidden.counts.size === 0) return false;
    return this.#kind(String(cellId)) === "markdown";
  };

  #kind(cellId: string): string {
    return this.session.document.cell(cellId)?.get("kind") ?? "";
  }

  #level(cellId: string): number | null {
    if (this.#kind(cellId) !== "markdown") return null;
    return levelOf(this.session.document.source(cellId)?.toString() ?? "");
  }

  #read(): void {
    const hidden = this.#found();
    if (isSame(hidden.under, this.#hidden.under) && hidden.counts.size === this.#hidden.counts.size)
      return;
    this.#hidden = hidden;
    for (const listener of this.#listeners) listener();
  }

  #found(): Hidden {
    const { heads } = this.session.document;
    const folded = new Set(
      heads.flatMap(({ cell_id, kind }) =>
        kind === "markdown" && this.isFolded(cell_id) ? [cell_id] : [],
      ),
    );
    if (folded.size === 0) return NOTHING;
    const under = new Map<string, string>();
    const counts = new Map<string, number>();
    let open: { readonly head: string; readonly level: number } | null = null;
    for (const { cell_id: cellId } of heads) {
      const level = this.#level(cellId);
      if (open && level !== null && level <= open.level) open = null;
      if (open) {
        under.set(cellId, open.head);
        counts.set(open.head, (counts.get(open.head) ?? 0) + 1);
      } else if (level !== null && folded.has(cellId)) {
        open = { head: cellId, level };
        counts.set(cellId, 0);
      }
    }
    return { under, counts };
  }
}

function isSame(one: ReadonlyMap<string, string>, other: ReadonlyMap<string, string>): boolean {
  if (one.size !== other.size) return false;
  for (const [cellId, head] of one) if (other.get(cellId) !== head) return false;
  return true;
}
