/**
 * What a screen reader is told unasked: how a run ended, that a cell asks for something, that
 * the connection is back. Not each cell of many, and nothing that the person just did. Pure.
 */

import type { Session } from "../store/session";
import { UNWATCHED, type Watch, watched } from "./long-runs";

/** What of a session was seen last. */
export interface Heard {
  readonly watch: Watch;
  readonly isAway: boolean;
  readonly prompts: readonly string[];
}

export const NOTHING_HEARD: Heard = { watch: UNWATCHED, isAway: false, prompts: [] };

export function heardOf(before: Heard, session: Session): Heard {
  const { phase } = session.connection;
  return {
    watch: watched(before.watch, session),
    isAway: phase === "waiting" || (before.isAway && phase !== "open"),
    prompts: Object.keys(session.state.prompts),
  };
}

/** The sentence that is due between two looks; null for none. */
export function sentenceBetween(before: Heard, after: Heard, session: Session): string | null {
  const asked = after.prompts.find((id) => !before.prompts.includes(id));
  if (asked !== undefined) return promptWords(asked, session);
  if (after.watch.ended) return after.watch.ended.text;
  return before.isAway && !after.isAway ? "Connected again" : null;
}

function promptWords(promptId: string, session: Session): string | null {
  const prompt = session.state.prompts[promptId];
  const execution = prompt && session.state.executions[prompt.execution_id];
  if (!prompt || !execution) return null;
  const number = session.cells.findIndex((cell) => cell.cell_id === execution.cell_id) + 1;
  return `Cell ${number} asks: ${prompt.prompt || "something to be typed"}`;
}
