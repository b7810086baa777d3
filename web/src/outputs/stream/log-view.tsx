/**
 * All lines of a long output, however many: rows of one height, of which only those in sight
 * exist. It follows the end while one stands at the end, and searches in the log.
 */

import {
  type KeyboardEvent,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { PLAIN } from "../../ui/ansi";
import { Button } from "../../ui/button";
import { drawLine } from "../../ui/draw-line";
import { counted, countWords } from "../../ui/words";
import type { Match } from "../transcript";
import type { Found, LineSource } from "./line-source";

const ROW_PX = 18;
const TALLEST_PX = 15_000_000; // browsers end an element between 17 and 33 million pixels
const SPARE_ROWS = 20; // drawn above and below, so that a quick scroll is not blank

interface LogViewProps {
  readonly source: LineSource;
  readonly onClose: () => void;
}

export function LogView({ source, onClose }: LogViewProps) {
  useSyncExternalStore(source.subscribe, source.version);
  const scroller = useRef<HTMLDivElement>(null);
  const followsEnd = useRef(true);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(0);
  const [marked, setMarked] = useState<number | null>(null);

  const { count } = source;
  const total = Math.min(count * ROW_PX, TALLEST_PX);
  const visible = Math.ceil(height / ROW_PX);
  const room = Math.max(1, total - height);
  // With more lines than an element can be tall, the scroll bar names a share, not a pixel.
  const isScaled = count * ROW_PX > TALLEST_PX;
  const first = isScaled
    ? Math.round((top / room) * Math.max(0, count - visible))
    : Math.floor(top / ROW_PX);
  const from = Math.max(0, first - SPARE_ROWS);
  const to = Math.min(count, first + visible + SPARE_ROWS);
  const offset = isScaled ? top - (first - from) * ROW_PX : from * ROW_PX;

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const watch = new ResizeObserver(() => setHeight(element.clientHeight));
    watch.observe(element);
    setHeight(element.clientHeight);
    return () => watch.disconnect();
  }, []);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element && followsEnd.current && total > 0) element.scrollTop = total;
  }, [total]);

  useEffect(() => source.want(from, Math.max(from, to - 1)), [source, from, to]);

  function goTo(line: number) {
    const element = scroller.current;
    if (!element) return;
    followsEnd.current = false;
    const before = Math.max(0, line - Math.floor(visible / 3));
    element.scrollTop = isScaled ? (before / Math.max(1, count - visible)) * room : before * ROW_PX;
    setMarked(line);
  }

  const rows = Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
  return (
    <div className="log">
      <LogBar source={source} onFound={goTo} onClose={onClose} />
      <section
        ref={scroller}
        className="log-lines"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled box is reached by keyboard
        tabIndex={0}
        aria-label={`Output, ${counted(count, "line")}`}
        onScroll={(event) => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          followsEnd.current = scrollTop + clientHeight >= scrollHeight - ROW_PX;
          setTop(scrollTop);
        }}
      >
        <div style={{ height: total }}>
          <div style={{ transform: `translateY(${offset}px)` }}>
            {rows.map((line) => (
              <Row key={line} number={line} text={source.line(line)} isMarked={line === marked} />
            ))}
          </div>
        </div>
      </section>
    </div>
  );
}

function Row(props: { number: number; text: string | null; isMarked: boolean }) {
  const { number, text, isMarked } = props;
  const place = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    element.textContent = "";
    if (text !== null) drawLine(element, text, PLAIN);
  }, [text]);
  return (
    <div className="log-row" data-marked={isMarked ? "" : undefined} data-waits={text === null}>
      <span className="log-number">{countWords(number + 1)}</span>
      <span ref={place} />
    </div>
  );
}

function LogBar(props: {
  readonly source: LineSource;
  readonly onFound: (line: number) => void;
  readonly onClose: () => void;
}) {
  const { source, onFound, onClose } = props;
  const [query, setQuery] = useState("");
  const [found, setFound] = useState<Found | null>(null);
  const [at, setAt] = useState(0);
  const [reached, setReached] = useState<number | null>(null);
  const [problem, setProblem] = useState("");
  const underWay = useRef<AbortController | null>(null);
  useEffect(() => () => underWay.current?.abort(), []);

  /** Looks on from line `from`, and goes to the first match beyond `before`. */
  async function search(from: number, before: readonly Match[]) {
    underWay.current?.abort();
    const looking = new AbortController();
    const { signal } = looking;
    underWay.current = looking;
    setProblem("");
    try {
      const result = await source.search(query, from, { reached: setReached, signal });
      if (signal.aborted) return;
      setFound({ matches: [...before, ...result.matches], next: result.next });
      const first = result.matches[0] ?? before[0];
      setAt(result.matches.length > 0 ? before.length : 0);
      if (first) onFound(first.line);
    } catch {
      if (!signal.aborted) setProblem("The search got no answer; try again.");
    }
    setReached(null);
  }

  function forget() {
    underWay.current?.abort();
    setReached(null);
    setFound(null);
  }

  function step(by: number) {
    if (!found || found.matches.length === 0) return;
    const { matches } = found;
    if (at + by === matches.length && found.next !== null) {
      void search(found.next, matches);
      return;
    }
    const next = (at + by + matches.length) % matches.length;
    setAt(next);
    const match = matches[next];
    if (match) onFound(match.line);
  }

  function onKeyDown(event: KeyboardEvent) {
    event.stopPropagation();
    if (event.key === "Enter") {
      if (found) step(event.shiftKey ? -1 : 1);
      else if (query !== "") void search(0, []);
    } else if (event.key === "Escape") {
      onClose();
    }
  }

  const amount = found && `${countWords(found.matches.length)}${found.next === null ? "" : "+"}`;
  const share = reached && Math.floor((100 * reached) / Math.max(1, source.count));
  return (
    <div className="log-bar">
      <span className="log-count">{counted(source.count, "line")}</span>
      <input
        className="field"
        type="search"
        placeholder="Search in this output"
        aria-label="Search in this output"
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          forget();
        }}
        onKeyDown={onKeyDown}
      />
      <span role="status">
        {problem ||
          (reached !== null
            ? `searching ${share ? `${share} %` : "…"}`
            : found && (found.matches.length ? `${at + 1} of ${amount}` : "nothing found"))}
      </span>
      <Button icon="up" label="Previous match" look="quiet" onClick={() => step(-1)} />
      <Button icon="down" label="Next match" look="quiet" onClick={() => step(1)} />
      <Button look="quiet" icon="close" label="Fold this output" onClick={onClose} />
    </div>
  );
}
