/** What an editor asks of the notebook around it. */

export interface Completions {
  readonly from: number;
  readonly to: number;
  readonly options: readonly {
    readonly text: string;
    readonly kind: string;
    readonly signature: string;
  }[];
}

export interface EditorActions {
  /** Run the cell, then stay, go to the next cell, or to a new one below. */
  run(then: "stay" | "next" | "insert"): void;
  /** Back to command mode. */
  leave(): void;
  /** The cursor went over the first or the last line; false when there is no cell there. */
  step(by: -1 | 1): boolean;
  split(offset: number): void;
  save(): void;
  focused(): void;
  blurred(): void;
  /** Names that fit at the cursor; null when nobody can tell now. */
  complete(source: string, cursor: number, signal: AbortSignal): Promise<Completions | null>;
  /** Documentation of what is at the cursor, as text with its colours. */
  inspect(source: string, cursor: number): Promise<string | null>;
  /** Whether the kernel would answer at once. */
  isIdle(): boolean;
}
