/** A column's head: what kind it is, its name, how it is ordered, its menu, its edge to pull. */

import { type PointerEvent, useRef } from "react";
import { TinySummary } from "./column-summary";
import type { ColumnStatistics } from "./table-source";
import type { ColumnKind, TableColumn } from "./table-value";

const SIGNS: Record<ColumnKind, readonly [string, string]> = {
  integer: ["#", "whole numbers"],
  number: [".0", "numbers"],
  decimal: [".00", "decimals"],
  boolean: ["☑", "true or false"],
  text: ["Aa", "text"],
  category: ["◫", "categories"],
  datetime: ["◷", "dates and times"],
  date: ["◷", "dates"],
  time: ["◷", "times"],
  duration: ["⧖", "durations"],
  bytes: ["0x", "bytes"],
  nested: ["{}", "nested values"],
  other: ["◇", "objects"],
};

export interface TableHeadProps {
  readonly id: string;
  readonly column: TableColumn;
  readonly library: string;
  readonly ariaColumn: number;
  readonly left: number | null; // of a column that stays in sight
  readonly width: number;
  readonly sort: { readonly descending: boolean; readonly rank: number } | null;
  readonly isOneOfMany: boolean;
  readonly isFiltered: boolean;
  readonly isActive: boolean;
  readonly isChosen: boolean;
  readonly statistics: ColumnStatistics | null;
  readonly hasSummary: boolean;
  readonly onSort: (isMore: boolean) => void;
  readonly onMenu: (anchor: DOMRect) => void;
  readonly onWidth: (width: number) => void;
  readonly onFit: () => void;
}

export function TableHead(props: TableHeadProps) {
  const { id, column, left, width, sort } = props;
  const [sign, words] = SIGNS[column.kind];
  const name = column.name || (column.isIndex ? "" : "(no name)");
  return (
    // biome-ignore lint/a11y/useFocusableInteractive lint/a11y/useSemanticElements: the grid has the focus, and names its cell
    <div
      id={id}
      role="columnheader"
      className="table-head"
      aria-colindex={props.ariaColumn}
      aria-sort={!sort ? "none" : sort.descending ? "descending" : "ascending"}
      aria-label={`${column.name || "index"}, ${words}`}
      data-active={props.isActive ? "" : undefined}
      data-chosen={props.isChosen ? "" : undefined}
      data-frozen={left === null ? undefined : ""}
      data-filtered={props.isFiltered ? "" : undefined}
      style={left === null ? { width } : { width, left }}
    >
      <div className="table-head-line">
        <button
          type="button"
          className="table-name"
          tabIndex={-1}
          title={`${column.name || "index"} · ${column.type}\nClick to sort, Shift+click to sort by it too`}
          onClick={(event) => props.onSort(event.shiftKey)}
        >
          <span className="table-sign" aria-hidden="true">
            {sign}
          </span>
          <span className="table-name-text">{name}</span>
          {sort && (
            <span className="table-order" aria-hidden="true">
              {sort.descending ? "↓" : "↑"}
              {props.isOneOfMany && sort.rank}
            </span>
          )}
        </button>
        <button
          type="button"
          className="table-more"
          tabIndex={-1}
          aria-label={`Column ${column.name || "index"}: sort, filter, statistics`}
          aria-haspopup="dialog"
          onClick={(event) => {
            const head = event.currentTarget.closest(".table-head");
            props.onMenu((head ?? event.currentTarget).getBoundingClientRect());
          }}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path
              d={
                props.isFiltered
                  ? "M2 3h12l-4.5 5.5V13l-3-1.5v-3Z"
                  : "m4.5 6.5 3.500 3.500 3.500-3.500"
              }
            />
          </svg>
        </button>
      </div>
      {props.hasSummary && (
        <TinySummary column={column} library={props.library} statistics={props.statistics} />
      )}
      <Edge width={width} onWidth={props.onWidth} onFit={props.onFit} />
    </div>
  );
}

/** Pulled to make a column wider; a double click makes it fit. Keys do it in the menu. */
function Edge(props: {
  readonly width: number;
  readonly onWidth: (width: number) => void;
  readonly onFit: () => void;
}) {
  const pulled = useRef<{ x: number; width: number } | null>(null);
  return (
    <div
      className="table-edge"
      aria-hidden="true"
      onDoubleClick={props.onFit}
      onPointerDown={(event: PointerEvent<HTMLDivElement>) => {
        event.stopPropagation();
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        pulled.current = { x: event.clientX, width: props.width };
      }}
      onPointerMove={(event) => {
        const from = pulled.current;
        if (from) props.onWidth(from.width + event.clientX - from.x);
      }}
      onPointerUp={() => {
        pulled.current = null;
      }}
      onPointerCancel={() => {
        pulled.current = null;
      }}
    />
  );
}
