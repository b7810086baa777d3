/**
 * What one person looks at in this page: which cell is active, which are selected, whether
 * keys go to the notebook or into a cell. Not shared and not kept.
 *
 * A plain store; React reads it through `use-view.ts`.
 */

export type Mode = "command" | "edit";

/** Where the cursor shall be when an editor is entered. */
export type Entry =
  | { readonly at: "kept" }
  | { readonly at: "start" | "end" }
  | { readonly at: "point"; readonly x: number; readonly y: number }
  | { readonly at: "line"; readonly line: number }
  | { readonly at: "unit"; readonly unit: number };

export interface View {
  readonly mode: Mode;
  readonly active: string | null;
  /** The other end of a selection of several cells; equal to `active` for one. */
  readonly anchor: string | null;
  /** Why the editor of the active cell is entered; a new object each time. */
  readonly entry: Entry;
}

const KEPT: Entry = { at: "kept" };

export class NotebookView {
  #view: View = {
    mode: "command",
    active: null,
    anchor: null,
    entry: KEPT,
  };
  readonly #listeners = new Set<() => void>();

  get current(): View {
    return this.#view;
  }

  getSnapshot = (): View => this.#view;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Makes a cell the active one, alone, in command mode. */
  select(cellId: string): void {
    this.#set({ mode: "command", active: cellId, anchor: cellId });
  }

  /** Stretches the selection from its anchor to this cell. */
  extendTo(cellId: string): void {
    this.#set({ mode: "command", active: cellId, anchor: this.#view.anchor ?? cellId });
  }

  edit(cellId: string, entry: Entry = KEPT): void {
    this.#set({ mode: "edit", active: cellId, anchor: cellId, entry: { ...entry } });
  }

  /** Leaves the editor, the cell stays active. */
  leave(): void {
    if (this.#view.mode === "edit") this.#set({ mode: "command" });
  }

  /** The ids from anchor to active, in the order given. */
  selected(order: readonly string[]): string[] {
    const { active, anchor } = this.#view;
    const [a, b] = [order.indexOf(active ?? ""), order.indexOf(anchor ?? "")];
    if (a < 0) return [];
    return order.slice(Math.min(a, b < 0 ? a : b), Math.max(a, b) + 1);
  }

  #set(change: Partial<View>): void {
    const next = { ...this.#view, ...change };
    const isSame = (Object.keys(change) as (keyof View)[]).every(
      (key) => change[key] === this.#view[key],
    );
    if (isSame) return;
    this.#view = next;
    for (const listener of this.#listeners) listener();
  }
}
