/** What an editor asks of the notebook around it. */

import { Facet } from "@codemirror/state";
import type { EditorView } from "@codemirror/view";

export interface Completions {
  readonly from: number;
  readonly to: number;
  readonly options: readonly {
    readonly text: string;
    readonly kind: string;
    readonly signature: string;
  }[];
}

/** How a function is called. `parameters` are from and to in `label`. */
export interface Signature {
  readonly label: string;
  readonly parameters: readonly (readonly [number, number])[];
  /** Which parameter the cursor is at. */
  readonly active: number | null;
  /** What the function does, in a few words. */
  readonly text: string;
}

/** The call around the cursor, as the text has it. */
export interface Call {
  readonly name: string;
  /** Where the name ends. */
  readonly nameEnd: number;
  /** How many arguments stand before the cursor. */
  readonly given: number;
}

export interface EditorActions {
  /** Back to command mode. */
  leave(): void;
  /** The cursor went over the first or the last line; false when there is no cell there. */
  step(by: -1 | 1): boolean;
  /** Cuts the cell at each of these places. */
  split(offsets: readonly number[]): void;
  format(): void;
  focused(): void;
  blurred(): void;
  /** Names that fit at the cursor; null when nobody can tell now. */
  complete(source: string, cursor: number, signal: AbortSignal): Promise<Completions | null>;
  /** How the function around the cursor is called; null when nobody knows. */
  signature(source: string, cursor: number, call: Call | null): Promise<Signature | null>;
  /** Documentation of what is at the cursor, as text with its colours. */
  inspect(source: string, cursor: number): Promise<string | null>;
  /** Goes to where the name at the cursor is defined; says so when that is not known. */
  goToDefinition(source: string, cursor: number): void;
  /** Shows where the name at the cursor is used. */
  showUses(source: string, cursor: number): void;
  toggleBreakpoint(line: number): void;
  /** The text changed around breakpoints; they stand on these lines now. */
  breakpointsMoved(lines: readonly number[]): void;
  /** Whether names are offered while one types, not only after a dot or a key. */
  completesWhileTyping(): boolean;
}

/** Where an editor stands: what its commands ask, and of which language its text is. */
export interface EditorHome {
  readonly actions: EditorActions;
  /** `null` for what is no code. */
  readonly language: "python" | "other" | null;
}

export const editorHome = Facet.define<EditorHome, EditorHome | null>({
  combine: ([home]) => home ?? null,
});

export function homeOf(view: EditorView): EditorHome | null {
  return view.state.facet(editorHome);
}
