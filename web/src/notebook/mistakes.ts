/**
 * Mistakes over the whole notebook while the settings ask for them: looked for by the server
 * a moment after the last change, shown by the editors. A plain store, one per notebook.
 */

import { unitOf } from "../core/code-points";
import type { Mistake } from "../editor/mistakes";
import { currentSettings, onSettings } from "../settings/settings-store";
import type { NotebookSession } from "../sync/notebook-session";

const PAUSE_MS = 600; // of typing

const NONE: readonly Mistake[] = [];

export class Mistakes {
  #byCell: ReadonlyMap<string, readonly Mistake[]> = new Map();
  readonly #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | null = null;

  constructor(private readonly session: NotebookSession) {}

  of(cellId: string): readonly Mistake[] {
    return this.#byCell.get(cellId) ?? NONE;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Watches until the returned function is called. */
  watch(): () => void {
    const { document: notebook } = this.session;
    let { doc } = notebook;
    const changed = () => this.#soon();
    const begun = () => {
      if (notebook.doc === doc) return;
      doc.off("update", changed);
      doc = notebook.doc;
      doc.on("update", changed);
      changed();
    };
    doc.on("update", changed);
    const stopNotebook = notebook.subscribe(begun);
    const stopSettings = onSettings(changed);
    changed();
    return () => {
      doc.off("update", changed);
      stopNotebook();
      stopSettings();
      clearTimeout(this.#timer);
      this.#asking?.abort();
    };
  }

  #soon(): void {
    clearTimeout(this.#timer);
    if (!currentSettings().findsMistakes) {
      if (this.#byCell.size > 0) this.#set(new Map());
      return;
    }
    this.#timer = setTimeout(() => void this.#ask(), PAUSE_MS);
  }

  async #ask(): Promise<void> {
    const { notebookId, server } = this.session;
    if (notebookId === null) {
      this.#soon();
      return;
    }
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const path = `api/v1/notebooks/${notebookId}/problems`;
      const answer = await server.request("GET", path, undefined, asking.signal);
      const { problems } = (await answer.json()) as { problems?: unknown };
      this.#set(this.#read(problems));
    } catch {
      // The next change asks again; until then what was found stays.
    }
  }

  #read(problems: unknown): ReadonlyMap<string, readonly Mistake[]> {
    const found = new Map<string, Mistake[]>();
    for (const given of Array.isArray(problems) ? problems : []) {
      const { cell_id, code, message, line, column, end_line, end_column, is_error } = given;
      const lines = this.session.document.source(cell_id)?.toString().split("\n") ?? [];
      const mistake: Mistake = {
        code,
        message,
        line,
        column: unitOf(lines[line] ?? "", column),
        endLine: end_line,
        endColumn: unitOf(lines[end_line] ?? "", end_column),
        isError: is_error === true,
      };
      const known = found.get(cell_id);
      if (known) known.push(mistake);
      else found.set(cell_id, [mistake]);
    }
    return found;
  }

  #set(byCell: ReadonlyMap<string, readonly Mistake[]>): void {
    this.#byCell = byCell;
    for (const listener of this.#listeners) listener();
  }
}
