/** The matches in the notebook as it is now, in its order; found anew when it changes. */

import { useEffect, useRef, useState } from "react";
import { executionOf } from "../core/selectors";
import { useCellOrder, useStore } from "../store/use-session";
import { useDoc, useNotebook } from "../sync/use-notebook";
import type { Span } from "./highlights";
import { type Match, type Pattern, replacementOf } from "./matcher";
import { outputText } from "./output-text";
import { search } from "./search";

export interface Found extends Span {
  /** The text that takes its place, from what was typed as the replacement. */
  readonly replacement: (template: string) => string;
}

interface Matches {
  readonly found: readonly Found[];
  readonly problem: string;
}

const TYPING_MS = 60;
const CHANGE_MS = 150;

/** Begins with the active cell and goes round. */
export function useMatches(
  pattern: Pattern,
  searchesOutputs: boolean,
  activeCell: string | null,
): Matches {
  const cells = useCellOrder();
  const store = useStore();
  const doc = useDoc();
  const { document: notebook } = useNotebook();
  const [matches, setMatches] = useState<Matches>({ found: [], problem: "" });
  // Where one was when the search began: going on through the matches does not turn them round.
  const start = useRef(activeCell);

  useEffect(() => {
    let controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;

    const look = async () => {
      timer = undefined;
      controller.abort();
      controller = new AbortController();
      const { signal } = controller;
      const places = placesOf();
      const texts = places.map((place) => place.text);
      const result = await search(texts, pattern, signal);
      if (signal.aborted) return;
      if (result.kind === "problem") setMatches({ found: [], problem: result.message });
      else setMatches({ found: foundOf(places, result.matches, pattern), problem: "" });
    };

    const placesOf = () => {
      const ids = cells.map((cell) => cell.cell_id);
      const first = Math.max(0, ids.indexOf(start.current ?? ""));
      const { state } = store.current;
      return [...ids.slice(first), ...ids.slice(0, first)].flatMap((cellId): Place[] => {
        const text = notebook.source(cellId)?.toString() ?? "";
        const source: Place = { cellId, where: "source", text };
        if (!searchesOutputs) return [source];
        const output = outputText(executionOf(state, cellId));
        return [source, { cellId, where: "output", text: output }];
      });
    };

    const later = (delay: number) => {
      timer ??= setTimeout(() => void look(), delay);
    };
    const changed = () => later(CHANGE_MS);
    later(TYPING_MS);
    doc.on("update", changed);
    const stop = searchesOutputs
      ? store.subscribeTo((session) => session.state.executions, changed)
      : () => {};
    return () => {
      clearTimeout(timer);
      controller.abort();
      doc.off("update", changed);
      stop();
    };
  }, [pattern, searchesOutputs, cells, store, doc, notebook]);
  return matches;
}

interface Place {
  readonly cellId: string;
  readonly where: "source" | "output";
  readonly text: string;
}

function foundOf(
  places: readonly Place[],
  matches: readonly (readonly Match[])[],
  pattern: Pattern,
): Found[] {
  return places.flatMap(({ cellId, where }, at) =>
    (matches[at] ?? []).map((match) => ({
      cellId,
      where,
      from: match.from,
      to: match.to,
      expected: match.groups[0] ?? "",
      replacement: (template: string) => replacementOf(match, template, pattern.isExpression),
    })),
  );
}
