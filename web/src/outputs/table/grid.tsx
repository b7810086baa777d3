/**
 * The grid itself: only the rows and columns in sight exist. One element has the focus and names
 * the cell one is at (`aria-activedescendant`); keys are those of a spreadsheet.
 */

import {
  type ClipboardEvent,
  type KeyboardEvent,
  type PointerEvent,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { alignsRight, type Layout, onScreen } from "./column-layout";
import { moved, type Rail, railHeight, scrollOf } from "./scroll-rail";
import { type Area, afterKey, areaOf, isWithin, type Selection, type Spot } from "./selection";
import { TableHead } from "./table-head";
import type { TableSource } from "./table-source";
import { isMissing, shownText, wholeText } from "./table-value";
import { filtersOf, sortOf, type View } from "./view";

export const ROW_PX = 24;
export const HEAD_PX = 28;
export const SUMMARY_PX = 38;
const SPARE_ROWS = 6;
const SETTLE_MS = 160;

export interface GridProps {
  readonly source: TableSource;
  readonly layout: Layout;
  readonly hasSummary: boolean;
  readonly height: number;
  readonly label: string;
  readonly onViewWidth: (width: number) => void;
  readonly onSort: (column: number, isMore: boolean) => void;
  readonly onMenu: (column: number, anchor: DOMRect) => void;
  readonly onWidth: (column: number, width: number) => void;
  readonly onFit: (column: number) => void;
  /** Copy an area (places among the shown columns). False: the browser is to copy nothing. */
  readonly onCopy: (area: Area, clipboard: DataTransfer, withHead: boolean) => void;
}

export function Grid(props: GridProps) {
  const { source, layout, hasSummary } = props;
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const before = useRef(0); // the scroll position that `top` belongs to
  const settling = useRef<ReturnType<typeof setTimeout> | null>(null);
  const pulling = useRef(false);
  const copiesHead = useRef(false);
  const [size, setSize] = useState({ width: 600, height: 300 });
  const [at, setAt] = useState({ top: 0, scroll: 0, left: 0 });
  const [selection, setSelection] = useState<Selection | null>(null);
  const [hasFocus, setFocus] = useState(false);

  const headHeight = HEAD_PX + (hasSummary ? SUMMARY_PX : 0);
  const { rows } = source;
  const rail: Rail = { whole: rows * ROW_PX, view: Math.max(1, size.height - headHeight) };
  const top = Math.min(at.top, Math.max(0, rail.whole - rail.view));
  const firstRow = Math.max(0, Math.floor(top / ROW_PX) - SPARE_ROWS);
  const lastRow = Math.min(rows, Math.ceil((top + rail.view) / ROW_PX) + SPARE_ROWS);
  const [fromColumn, toColumn] = onScreen(layout, at.left, size.width);
  const { columns, lefts, frozen } = layout;
  const { onViewWidth } = props;

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const watch = new ResizeObserver(() => {
      setSize({ width: element.clientWidth, height: element.clientHeight });
      onViewWidth(element.clientWidth);
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, [onViewWidth]);

  const inSight = [...columns.slice(0, frozen), ...columns.slice(fromColumn, toColumn)];
  const wanted = inSight.join();
  useEffect(() => {
    const chosen = wanted === "" ? [] : wanted.split(",").map(Number);
    source.want({ top: firstRow, bottom: lastRow, columns: chosen });
    if (hasSummary) void source.wantStatistics(chosen);
  }, [source, firstRow, lastRow, wanted, hasSummary]);

  // After small movements the scroll bar is put where it belongs (scroll-rail.ts).
  useEffect(
    () => () => {
      if (settling.current) clearTimeout(settling.current);
    },
    [],
  );

  function onScroll(element: HTMLElement) {
    const { scrollTop, scrollLeft } = element;
    const place = moved(rail, at.top, before.current, scrollTop);
    before.current = scrollTop;
    setAt({ top: place, scroll: scrollTop, left: scrollLeft });
    if (settling.current) clearTimeout(settling.current);
    settling.current = setTimeout(() => {
      const target = scrollOf(rail, place);
      if (Math.abs(target - scrollTop) < 1 || !scroller.current) return;
      before.current = target;
      scroller.current.scrollTop = target;
      setAt((now) => ({ ...now, scroll: target }));
    }, SETTLE_MS);
  }

  function goTo(place: number, left: number) {
    const element = scroller.current;
    if (!element) return;
    const target = scrollOf(rail, place);
    before.current = target;
    element.scrollTop = target;
    element.scrollLeft = left;
    // What the browser made of it: it may round.
    before.current = element.scrollTop;
    setAt({ top: place, scroll: element.scrollTop, left: element.scrollLeft });
  }

  function reveal({ row, column }: Spot) {
    let place = top;
    if (row >= 0) {
      place = Math.min(place, row * ROW_PX);
      place = Math.max(place, (row + 1) * ROW_PX - rail.view);
    }
    let { left } = at;
    if (column >= frozen) {
      const inside = lefts[frozen] ?? 0;
      left = Math.min(left, (lefts[column] ?? 0) - inside);
      left = Math.max(left, (lefts[column + 1] ?? 0) - size.width);
    }
    if (place !== top || left !== at.left) goTo(place, left);
  }

  function choose(next: Selection) {
    setSelection(next);
    reveal(next.active);
  }

  function onKeyDown(event: KeyboardEvent<HTMLDivElement>) {
    const { key } = event;
    const ctrl = event.ctrlKey || event.metaKey;
    if (key === "Escape") {
      event.currentTarget.blur();
      return;
    }
    if (key === "Tab" || (key === "Enter" && (ctrl || event.shiftKey))) return;
    event.stopPropagation(); // these keys are not the notebook's
    const now = selection ?? { anchor: { row: 0, column: 0 }, active: { row: 0, column: 0 } };
    if (ctrl && key.toLowerCase() === "c") {
      copiesHead.current = event.shiftKey;
      if (event.shiftKey) {
        event.preventDefault();
        document.execCommand("copy");
      }
      return;
    }
    const column = columns[now.active.column];
    if (now.active.row === -1 && column !== undefined && (key === "Enter" || key === " ")) {
      event.preventDefault();
      const head = document.getElementById(spotId(now.active));
      if (key === " ") props.onSort(column, event.shiftKey);
      else if (head) props.onMenu(column, head.getBoundingClientRect());
      return;
    }
    const page = Math.max(1, Math.floor(rail.view / ROW_PX) - 1);
    const extent = { rows, columns: columns.length, page };
    const next = afterKey(now, { key, shift: event.shiftKey, ctrl }, extent);
    if (!next) return;
    event.preventDefault();
    choose(selection ? next : now);
  }

  function onCopy(event: ClipboardEvent) {
    if (!selection || selection.active.row < 0) return;
    event.preventDefault();
    props.onCopy(areaOf(selection), event.clipboardData, copiesHead.current);
    copiesHead.current = false;
  }

  /** The cell under the pointer, or the nearest. */
  function spotAt(event: PointerEvent): Spot | null {
    const element = scroller.current;
    if (!element || rows === 0) return null;
    const box = element.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top - headHeight];
    const row = Math.min(rows - 1, Math.max(0, Math.floor((top + y) / ROW_PX)));
    const inside = x < (lefts[frozen] ?? 0) ? x : x + at.left;
    let column = 0;
    while (column < columns.length - 1 && (lefts[column + 1] ?? 0) <= inside) column += 1;
    return { row, column };
  }

  function onPointerDown(event: PointerEvent<HTMLDivElement>) {
    const target = event.target instanceof Element ? event.target : null;
    if (event.button !== 0 || !target?.closest(".table-cell")) return;
    const spot = spotAt(event);
    if (!spot) return;
    if (event.shiftKey) event.stopPropagation(); // the notebook would choose cells of its own
    const anchor = event.shiftKey && selection ? selection.anchor : spot;
    setSelection({ anchor, active: spot });
    if (event.pointerType !== "mouse") return; // a finger scrolls
    pulling.current = true;
    event.currentTarget.setPointerCapture(event.pointerId);
  }

  function onPointerMove(event: PointerEvent<HTMLDivElement>) {
    if (!pulling.current || !selection) return;
    const spot = spotAt(event);
    if (!spot) return;
    const { active } = selection;
    if (spot.row === active.row && spot.column === active.column) return;
    choose({ anchor: selection.anchor, active: spot });
  }

  const spotId = ({ row, column }: Spot) => `${id}-${row}-${column}`;
  const area = selection && areaOf(selection);
  const shown = Array.from({ length: Math.max(0, lastRow - firstRow) }, (_, n) => firstRow + n);
  const gap = (lefts[fromColumn] ?? 0) - (lefts[frozen] ?? 0);
  const places = [
    ...columns.slice(0, frozen).map((_, place) => place),
    ...columns.slice(fromColumn, toColumn).map((_, place) => fromColumn + place),
  ];
  const isActive = (row: number, column: number) =>
    hasFocus && selection?.active.row === row && selection.active.column === column;
  const isDrawn =
    selection !== null &&
    (selection.active.row === -1 || shown.includes(selection.active.row)) &&
    places.includes(selection.active.column);
  const view: View = source.view;

  return (
    // biome-ignore lint/a11y/useSemanticElements: a table element holds all its rows
    <div
      ref={scroller}
      className="table-grid"
      role="grid"
      tabIndex={0}
      aria-label={props.label}
      aria-rowcount={rows + 1}
      aria-colcount={columns.length}
      aria-multiselectable="true"
      aria-busy={source.isWorking}
      aria-activedescendant={isDrawn ? spotId(selection.active) : undefined}
      data-working={source.isWorking ? "" : undefined}
      style={{ height: props.height }}
      onScroll={(event) => onScroll(event.currentTarget)}
      onKeyDown={onKeyDown}
      onCopy={onCopy}
      onFocus={() => setFocus(true)}
      onBlur={() => setFocus(false)}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        pulling.current = false;
      }}
      onPointerCancel={() => {
        pulling.current = false;
      }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: as above */}
      <div
        role="row"
        className="table-heads"
        aria-rowindex={1}
        style={{ height: headHeight, width: lefts.at(-1) }}
      >
        {places.map((place) => {
          const number = columns[place] ?? 0;
          const column = source.table.columns[number];
          if (!column) return null;
          const isFrozen = place < frozen;
          const head = (
            <TableHead
              key={number}
              id={spotId({ row: -1, column: place })}
              column={column}
              library={source.table.library}
              ariaColumn={place + 1}
              left={isFrozen ? (lefts[place] ?? 0) : null}
              width={(lefts[place + 1] ?? 0) - (lefts[place] ?? 0)}
              sort={sortOf(view, number)}
              isOneOfMany={view.sort.length > 1}
              isFiltered={filtersOf(view, number).length > 0}
              isActive={isActive(-1, place)}
              isChosen={area !== null && place >= area.left && place <= area.right}
              statistics={source.statistics(number)}
              hasSummary={hasSummary}
              onSort={(isMore) => props.onSort(number, isMore)}
              onMenu={(anchor) => props.onMenu(number, anchor)}
              onWidth={(width) => props.onWidth(number, width)}
              onFit={() => props.onFit(number)}
            />
          );
          return place === fromColumn && gap > 0
            ? [<span key="gap" className="table-gap" style={{ width: gap }} />, head]
            : head;
        })}
      </div>
      <div className="table-body" style={{ height: railHeight(rail), width: lefts.at(-1) }}>
        {shown.map((row) => (
          // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: as above
          <div
            key={row}
            role="row"
            className="table-row"
            aria-rowindex={row + 2}
            data-odd={row % 2 === 1 ? "" : undefined}
            style={{
              transform: `translateY(${rowOffset(rail, row, top, at.scroll)}px)`,
              width: lefts.at(-1),
            }}
          >
            {places.map((place) => {
              const isFrozen = place < frozen;
              const cell = (
                <GridCell
                  key={columns[place]}
                  id={spotId({ row, column: place })}
                  source={source}
                  row={row}
                  number={columns[place] ?? 0}
                  ariaColumn={place + 1}
                  left={isFrozen ? (lefts[place] ?? 0) : null}
                  width={(lefts[place + 1] ?? 0) - (lefts[place] ?? 0)}
                  isActive={isActive(row, place)}
                  isChosen={area !== null && isWithin(area, row, place)}
                />
              );
              return place === fromColumn && gap > 0
                ? [<span key="gap" className="table-gap" style={{ width: gap }} />, cell]
                : cell;
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Where a row stands in the scrolled element, so that it is seen where it belongs. */
function rowOffset(rail: Rail, row: number, top: number, scroll: number): number {
  const isScaled = railHeight(rail) < rail.whole;
  return isScaled ? scroll + row * ROW_PX - top : row * ROW_PX;
}

function GridCell(props: {
  readonly id: string;
  readonly source: TableSource;
  readonly row: number;
  readonly number: number;
  readonly ariaColumn: number;
  readonly left: number | null;
  readonly width: number;
  readonly isActive: boolean;
  readonly isChosen: boolean;
}) {
  const { source, row, number, left, width } = props;
  const column = source.table.columns[number];
  const value = source.cell(row, number);
  if (!column) return null;
  const text = value === undefined ? "" : shownText(value, column, source.table.library);
  const whole = value === undefined ? "" : wholeText(value);
  return (
    // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: as above
    <div
      id={props.id}
      role="gridcell"
      className="table-cell"
      aria-colindex={props.ariaColumn}
      aria-selected={props.isChosen}
      data-waits={value === undefined ? "" : undefined}
      data-missing={value !== undefined && isMissing(value) ? "" : undefined}
      data-number={alignsRight(column) ? "" : undefined}
      data-index={column.isIndex ? "" : undefined}
      data-chosen={props.isChosen ? "" : undefined}
      data-active={props.isActive ? "" : undefined}
      data-frozen={left === null ? undefined : ""}
      title={whole !== text && whole !== "" ? whole.slice(0, 2_000) : undefined}
      style={left === null ? { width } : { width, left }}
    >
      {text}
    </div>
  );
}
