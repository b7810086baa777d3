/**
 * Find and replace over the whole notebook: in the shared text of every cell, whether it is on
 * the screen or not, and on demand in what the cells show.
 */

import { type KeyboardEvent, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Replacement } from "../sync/cells";
import { Button } from "../ui/button";
import { countWords } from "../ui/words";
import { cellOf, mark, showInEditor, unmark } from "./highlights";
import { MATCHES_MOST, matchesIn, type Pattern } from "./matcher";
import { type Found, useMatches } from "./use-matches";

interface FindBarProps {
  readonly query: string;
  /** Somebody types the query already; else it is offered, for the first key to replace. */
  readonly isBegun?: boolean;
  readonly replaces: boolean;
  readonly activeCell: string | null;
  readonly onQuery: (query: string) => void;
  readonly goTo: (cellId: string) => void;
  readonly replace: (replacements: readonly Replacement[]) => void;
  readonly onClose: () => void;
}

export function FindBar(props: FindBarProps) {
  const { activeCell, goTo, onClose } = props;
  const [pattern, setPattern] = useState<Pattern>({
    query: props.query,
    isExpression: false,
    matchesCase: false,
    wholeWords: false,
  });
  const [replaces, setReplaces] = useState(props.replaces);
  const [template, setTemplate] = useState("");
  const [searchesOutputs, setSearchesOutputs] = useState(false);
  const { found, problem } = useMatches(pattern, searchesOutputs, activeCell);
  // Before one goes to the first match there is none to be on.
  const [at, setAt] = useState(-1);
  const field = useRef<HTMLInputElement>(null);
  const position = Math.min(at, found.length - 1);
  const current = found[position] ?? null;
  const reveal = useMarks(found, current);
  // After a replacement these are not the matches any more, until they are found anew.
  const replaced = useRef<readonly Found[] | null>(null);
  const inSources = found.filter((each) => each.where === "source");

  const { isBegun = false } = props;
  useLayoutEffect(() => {
    const { value } = field.current ?? { value: "" };
    field.current?.focus();
    field.current?.setSelectionRange(isBegun ? value.length : 0, value.length);
  }, [isBegun]);

  function go(by: 1 | -1) {
    const from = position < 0 && by < 0 ? 0 : position;
    const to = (from + by + found.length) % found.length;
    const next = found[to];
    if (!next) return;
    setAt(to);
    goTo(next.cellId);
    reveal(next);
  }

  function change(next: Partial<Pattern>) {
    setPattern((before) => ({ ...before, ...next }));
    setAt(-1);
  }

  function replaceOne() {
    if (current?.where !== "source") go(1);
    else if (replaced.current !== found) {
      replaced.current = found;
      const made = filled(current);
      props.replace([made]);
      // What was put there may hold the pattern again; that is not replaced once more.
      const again = pattern.isExpression ? 0 : (matchesIn([made.text], pattern)[0]?.length ?? 0);
      setAt(position + again);
    }
  }

  function replaceAll() {
    if (replaced.current === found) return;
    replaced.current = found;
    props.replace(inSources.map(filled));
    setAt(-1);
  }

  function filled(each: Found): Replacement {
    const { cellId, from, expected } = each;
    return { cellId, from, expected, text: each.replacement(template) };
  }

  function onKeyDown(event: KeyboardEvent) {
    if (event.key === "Escape") {
      event.preventDefault();
      onClose();
    } else if (event.key === "Enter" && event.target instanceof HTMLInputElement) {
      event.preventDefault();
      if (event.nativeEvent.isComposing) return;
      if (event.target.name === "replacement") replaceOne();
      else go(event.shiftKey ? -1 : 1);
    }
  }

  return (
    <search className="find" data-own-keys="" onKeyDown={onKeyDown}>
      <div className="find-line">
        <input
          ref={field}
          className="field"
          name="query"
          aria-label="Find in this notebook"
          placeholder="Find in this notebook"
          autoComplete="off"
          spellCheck={false}
          value={pattern.query}
          aria-invalid={problem !== ""}
          onChange={(event) => {
            change({ query: event.target.value });
            props.onQuery(event.target.value);
          }}
        />
        <Toggle
          label="Match case"
          text="Aa"
          isOn={pattern.matchesCase}
          set={(matchesCase) => change({ matchesCase })}
        />
        <Toggle
          label="Whole words"
          text="W"
          isOn={pattern.wholeWords}
          set={(wholeWords) => change({ wholeWords })}
        />
        <Toggle
          label="Regular expression"
          text=".*"
          isOn={pattern.isExpression}
          set={(isExpression) => change({ isExpression })}
        />
        <Toggle
          label="Search outputs too"
          text="outputs"
          isOn={searchesOutputs}
          set={setSearchesOutputs}
        />
        <Count found={found} position={position} problem={problem} query={pattern.query} />
        <Button icon="up" label="Previous (Shift+Enter)" look="quiet" onClick={() => go(-1)} />
        <Button icon="down" label="Next (Enter)" look="quiet" onClick={() => go(1)} />
        {!replaces && (
          <Button look="quiet" onClick={() => setReplaces(true)}>
            Replace …
          </Button>
        )}
        <Button icon="close" label="Close (Esc)" look="quiet" onClick={onClose} />
      </div>
      {replaces && (
        <div className="find-line">
          <input
            className="field"
            name="replacement"
            aria-label="Replace by"
            placeholder={
              pattern.isExpression ? "Replace by; $1 is the first bracket" : "Replace by"
            }
            autoComplete="off"
            spellCheck={false}
            value={template}
            onChange={(event) => setTemplate(event.target.value)}
          />
          <Button disabled={inSources.length === 0} onClick={replaceOne}>
            Replace
          </Button>
          <Button disabled={inSources.length === 0} onClick={replaceAll}>
            Replace all
          </Button>
        </div>
      )}
    </search>
  );
}

interface ToggleProps {
  readonly label: string;
  readonly text: string;
  readonly isOn: boolean;
  readonly set: (isOn: boolean) => void;
}

function Toggle({ label, text, isOn, set }: ToggleProps) {
  return (
    <button
      type="button"
      className="find-toggle"
      aria-pressed={isOn}
      aria-label={label}
      title={label}
      onClick={() => set(!isOn)}
    >
      {text}
    </button>
  );
}

interface CountProps {
  readonly found: readonly Found[];
  readonly position: number;
  readonly problem: string;
  readonly query: string;
}

function Count({ found, position, problem, query }: CountProps) {
  const most = found.length >= MATCHES_MOST ? " or more" : "";
  const words =
    problem !== ""
      ? problem
      : query === ""
        ? ""
        : found.length === 0
          ? "Nothing found"
          : position < 0
            ? `${countWords(found.length)}${most}`
            : `${countWords(position + 1)} of ${countWords(found.length)}${most}`;
  return (
    <span className="find-count" role="status" data-empty={found.length === 0 ? "" : undefined}>
      {words}
    </span>
  );
}

const REVEAL_WITHIN_MS = 1_500; // for a cell that has to be made first
const TOP_PX = 120; // what the header and this bar cover

/** Keeps the marks on the screen true; the returned function brings a match into view. */
function useMarks(found: readonly Found[], current: Found | null): (match: Found) => void {
  const wanted = useRef<{ readonly match: Found; readonly until: number } | null>(null);
  const byCell = useMemo(() => {
    const cells = new Map<string, Found[]>();
    for (const match of found) {
      const others = cells.get(match.cellId);
      if (others) others.push(match);
      else cells.set(match.cellId, [match]);
    }
    return cells;
  }, [found]);

  useEffect(() => {
    let frame = 0;
    const draw = () => {
      frame = 0;
      const range = mark(byCell, current);
      const goal = wanted.current;
      if (!goal) return;
      if (performance.now() > goal.until) wanted.current = null;
      else if (range && goal.match === current) {
        wanted.current = null;
        intoView(range.getBoundingClientRect());
      } else soon();
    };
    const soon = () => {
      frame ||= requestAnimationFrame(draw);
    };
    soon();
    const cells = document.querySelector(".cells");
    const watch = new MutationObserver(soon);
    if (cells) watch.observe(cells, { childList: true, subtree: true, characterData: true });
    window.addEventListener("scroll", soon, { passive: true });
    return () => {
      cancelAnimationFrame(frame);
      watch.disconnect();
      window.removeEventListener("scroll", soon);
    };
  }, [byCell, current]);
  useEffect(() => unmark, []);

  return (match) => {
    wanted.current = { match, until: performance.now() + REVEAL_WITHIN_MS };
    const cell = cellOf(match.cellId);
    const place = match.where === "output" ? (cell?.querySelector("[data-outputs]") ?? cell) : cell;
    place?.scrollIntoView({ block: "nearest" });
    if (match.where === "source") showInEditor(match);
  };
}

function intoView(place: DOMRect): void {
  const bottom = window.innerHeight - 60;
  if (place.top >= TOP_PX && place.bottom <= bottom) return;
  window.scrollBy(0, place.top - window.innerHeight / 3);
}
