/** All a page knows of one open notebook, as one frozen value. */

import type { CellHead, PendingOperation } from "../core/pending";
import { EMPTY_STATE } from "../core/state";
import type { Refusal, SessionState, Status } from "../protocol/generated";

/**
 * How the connection stands. `by` "stream": WebSockets are blocked. `waiting`: it broke and will be tried again at `retryAt` (ms, as
 * `Date.now()`). `ended`: it will not be tried again without a person.
 */
export type Connection =
  | { readonly phase: "connecting"; readonly attempt: number }
  | { readonly phase: "open"; readonly by: "socket" | "stream" }
  | {
      readonly phase: "waiting";
      readonly attempt: number;
      readonly retryAt: number;
      readonly reason: string;
    }
  | { readonly phase: "ended"; readonly cause: EndCause; readonly message: string };

export type EndCause = "closed" | "log-in" | "reload" | "refused";

/** The notebook as the server named it. */
export interface NotebookFacts {
  readonly notebook_id: string;
  readonly path: string;
  readonly server: string;
  readonly may: readonly string[];
}

/** Text that could not be merged: what this browser held of a document that was begun anew. */
export interface ConflictCopy {
  readonly id: string;
  readonly generation: string;
  /** Milliseconds, as `Date.now()`. */
  readonly at: number;
  readonly cells: readonly {
    readonly cell_id: string;
    readonly kind: string;
    readonly source: string;
  }[];
}

/** Something a person must be told and may dismiss. */
export interface Notice {
  readonly id: string;
  readonly kind: "refused" | "unknown-outcome" | "edits-refused";
  readonly refusal: Refusal;
}

export interface Session {
  /** The fold of the records, with what is pending laid over. */
  readonly state: SessionState;
  /** The fold of the records alone. */
  readonly confirmed: SessionState;
  readonly pending: readonly PendingOperation[];
  /** The document's cells in order; the same array while neither order nor kinds change. */
  readonly cells: readonly CellHead[];
  readonly connection: Connection;
  readonly notebook: NotebookFacts | null;
  readonly status: Status | null;
  /** Records up to here survive a power loss. */
  readonly durable: number;
  /** Whether edits of this browser wait for the server. */
  readonly hasUnsentEdits: boolean;
  readonly conflicts: readonly ConflictCopy[];
  readonly notices: readonly Notice[];
  /** False until the first snapshot has been folded. */
  readonly isLoaded: boolean;
}

export const EMPTY_SESSION: Session = {
  state: EMPTY_STATE,
  confirmed: EMPTY_STATE,
  pending: [],
  cells: [],
  connection: { phase: "connecting", attempt: 0 },
  notebook: null,
  status: null,
  durable: 0,
  hasUnsentEdits: false,
  conflicts: [],
  notices: [],
  isLoaded: false,
};
