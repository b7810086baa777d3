/** The headings of the Markdown cells, which one is on the screen, and what runs or failed. */

import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import type { CellHead } from "../core/pending";
import type { Session } from "../store/session";
import { useCellOrder, useSession } from "../store/use-session";
import { useDoc, useNotebook } from "../sync/use-notebook";
import { Icon } from "../ui/icon";
import { type Heading, headingsIn } from "./headings";
import type { PanelProps } from "./side-panel";

interface Entry extends Heading {
  readonly cellId: string;
  /** Where the cell stands among all cells. */
  readonly at: number;
  readonly key: string;
}

type Mood = "running" | "queued" | "failed";

const GATHER_MS = 200; // typing in a heading redraws the list this often

export function ContentsPanel({ activeCell, acts }: PanelProps) {
  const cells = useCellOrder();
  const entries = useEntries(cells);
  const moods = useMoods(cells);
  const current = useCurrent(cells, entries, activeCell);
  const list = useRef<HTMLElement>(null);
  const { folds } = acts;
  // A primitive that changes with the folds, so that they are read anew.
  const folded = useSyncExternalStore(folds.subscribe, () =>
    entries
      .filter(({ cellId }) => folds.isFolded(cellId))
      .map(({ cellId }) => cellId)
      .join(" "),
  ).split(" ");
  const least = Math.min(...entries.map((entry) => entry.level), 6);

  useEffect(() => {
    const shown = list.current?.querySelector('[aria-current="location"]');
    if (current !== null) shown?.scrollIntoView({ block: "nearest" });
  }, [current]);

  return (
    <div className="panel-body">
      <AtWork cells={cells} moods={moods} goTo={acts.goTo} />
      {entries.length === 0 ? (
        <p className="panel-empty">
          No headings yet. A Markdown cell with a line like <code># Results</code> makes one.
        </p>
      ) : (
        <nav ref={list} className="contents" aria-label="Headings">
          <ol>
            {entries.map((entry, position) => {
              if (folds.isHidden(entry.cellId)) return null;
              const isFirst = entries[position - 1]?.cellId !== entry.cellId;
              const isFolded = isFirst && folded.includes(entry.cellId);
              const end = isFolded ? endOf(entries, position, cells.length) : undefined;
              const next = end ?? entries[position + 1]?.at ?? cells.length;
              const mood = moodOf(moods, entry.at, next);
              return (
                <li key={entry.key} data-folded-section={isFolded ? "" : undefined}>
                  {isFirst && (
                    <button
                      type="button"
                      className="contents-fold"
                      aria-expanded={!isFolded}
                      aria-label={`${isFolded ? "Unfold" : "Fold"} ${entry.text}`}
                      style={{ insetInlineStart: `${(entry.level - least) * 0.9}rem` }}
                      onClick={() => folds.fold([entry.cellId], !isFolded)}
                    >
                      <Icon name={isFolded ? "right" : "down"} />
                    </button>
                  )}
                  <button
                    type="button"
                    style={{ paddingInlineStart: `${1.2 + (entry.level - least) * 0.9}rem` }}
                    data-top={entry.level === least ? "" : undefined}
                    aria-current={entry.key === current ? "location" : undefined}
                    onClick={() => acts.goTo(entry.cellId)}
                  >
                    <span>{entry.text}</span>
                    {mood && <i className="mood" data-mood={mood} role="img" aria-label={mood} />}
                  </button>
                </li>
              );
            })}
          </ol>
        </nav>
      )}
    </div>
  );
}

/** Where the section of a heading ends: at the next heading as high, or at the end. */
function endOf(entries: readonly Entry[], position: number, last: number): number {
  const level = entries[position]?.level ?? 1;
  return entries.slice(position + 1).find((entry) => entry.level <= level)?.at ?? last;
}

/** The cells one looks for when something does not go as it should. */
function AtWork(props: {
  readonly cells: readonly CellHead[];
  readonly moods: ReadonlyMap<number, Mood>;
  readonly goTo: (cellId: string) => void;
}) {
  const { cells, moods, goTo } = props;
  const lines = (["running", "queued", "failed"] as const).map((mood) => ({
    mood,
    found: [...moods].filter(([, each]) => each === mood).map(([at]) => at),
  }));
  return (
    <div className="at-work">
      {lines.map(({ mood, found }) =>
        found.length === 0 ? null : (
          <p key={mood}>
            <i className="mood" data-mood={mood} aria-hidden="true" />
            <span>{mood === "running" ? "Running" : mood === "queued" ? "Waiting" : "Failed"}</span>
            {found.slice(0, SHOWN).map((at) => (
              <button key={at} type="button" onClick={() => goTo(cells[at]?.cell_id ?? "")}>
                Cell {at + 1}
              </button>
            ))}
            {found.length > SHOWN && <span>and {found.length - SHOWN} more</span>}
          </p>
        ),
      )}
    </div>
  );
}

const SHOWN = 8;

function useEntries(cells: readonly CellHead[]): Entry[] {
  const doc = useDoc();
  const { document: notebook } = useNotebook();
  const version = useRef(0);
  const subscribe = useCallback(
    (wake: () => void) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const changed = () => {
        timer ??= setTimeout(() => {
          timer = undefined;
          version.current += 1;
          wake();
        }, GATHER_MS);
      };
      doc.on("update", changed);
      return () => {
        clearTimeout(timer);
        doc.off("update", changed);
      };
    },
    [doc],
  );
  const now = useSyncExternalStore(subscribe, () => version.current);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `now` says that a text changed
  return useMemo(
    () =>
      cells.flatMap(({ cell_id: cellId, kind }, at) =>
        kind === "markdown"
          ? headingsIn(notebook.source(cellId)?.toString() ?? "").map((heading, nth) => ({
              ...heading,
              cellId,
              at,
              key: `${cellId}/${nth}`,
            }))
          : [],
      ),
    [cells, notebook, now],
  );
}

/** How each cell that is worth a mark stands, by its place. */
function useMoods(cells: readonly CellHead[]): ReadonlyMap<number, Mood> {
  const executions = useSession(executionsOf);
  const newest = useSession(newestOf);
  return useMemo(() => {
    const moods = new Map<number, Mood>();
    cells.forEach(({ cell_id: cellId }, at) => {
      const execution = executions[newest[cellId] ?? ""];
      if (!execution) return;
      if (execution.phase !== "finished") moods.set(at, execution.phase);
      else if (execution.status === "error" || execution.status === "died") moods.set(at, "failed");
    });
    return moods;
  }, [cells, executions, newest]);
}

const executionsOf = (session: Session) => session.state.executions;
const newestOf = (session: Session) => session.state.cells;

/** The strongest mood of the cells from one place up to another. */
function moodOf(moods: ReadonlyMap<number, Mood>, from: number, to: number): Mood | null {
  let found: Mood | null = null;
  for (const [at, mood] of moods) {
    if (at < from || at >= to) continue;
    if (mood === "running" || found === null || (mood === "failed" && found === "queued")) {
      found = mood;
    }
  }
  return found;
}

/** The heading over the active cell while that is on the screen, else over the first one there. */
function useCurrent(
  cells: readonly CellHead[],
  entries: readonly Entry[],
  activeCell: string | null,
): string | null {
  const [first, setFirst] = useState<string | null>(null);
  useEffect(() => {
    let frame = 0;
    const look = () => {
      frame = 0;
      setFirst(onScreen(activeCell) ? activeCell : firstOnScreen());
    };
    const soon = () => {
      frame ||= requestAnimationFrame(look);
    };
    soon();
    window.addEventListener("scroll", soon, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      window.removeEventListener("scroll", soon);
    };
  }, [activeCell]);
  const at = cells.findIndex((cell) => cell.cell_id === first);
  if (at < 0) return null;
  return entries.findLast((entry) => entry.at <= at)?.key ?? null;
}

const TOP_PX = 60; // what the header covers

function onScreen(cellId: string | null): boolean {
  if (cellId === null) return false;
  const cell = document.querySelector(`.cells [data-cell-id="${CSS.escape(cellId)}"]`);
  const place = cell?.getBoundingClientRect();
  return !!place && place.bottom > TOP_PX && place.top < window.innerHeight;
}

/** By bisection: the cells stand in order. */
function firstOnScreen(): string | null {
  const cells = document.querySelectorAll<HTMLElement>(".cells [data-cell-id]");
  let [low, high] = [0, cells.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cells[middle]?.getBoundingClientRect().bottom ?? 0) > TOP_PX) high = middle;
    else low = middle + 1;
  }
  return cells[low]?.dataset.cellId ?? null;
}
