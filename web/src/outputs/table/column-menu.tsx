/** Everything about one column: what it is like, order, filter, width, out of sight. */

import { useLayoutEffect, useRef } from "react";
import type { TableFilter, TableSort } from "../../protocol/generated";
import { Button } from "../../ui/button";
import { FullSummary } from "./column-summary";
import { FilterForm } from "./filter-form";
import type { ColumnStatistics } from "./table-source";
import type { TableColumn } from "./table-value";

export interface ColumnMenuProps {
  readonly place: number;
  readonly column: TableColumn;
  readonly library: string;
  readonly statistics: ColumnStatistics | null;
  readonly isAnswered: boolean;
  readonly isSorted: boolean;
  readonly filters: readonly TableFilter[];
  /** What it stands below. */
  readonly anchor: DOMRect;
  readonly onSort: (sort: TableSort | null) => void;
  readonly onFilters: (filters: readonly TableFilter[]) => void;
  readonly onWidth: (by: number) => void;
  readonly onHide: () => void;
  readonly onClose: () => void;
}

const MARGIN_PX = 8;
const STEP_PX = 40;

export function ColumnMenu(props: ColumnMenuProps) {
  const { place, column, anchor, isAnswered, onClose, onSort } = props;
  const box = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    element.showPopover();
    element.focus();
    const stand = () => {
      const { offsetWidth: width, offsetHeight: height } = element;
      const left = Math.min(anchor.left, window.innerWidth - width - MARGIN_PX);
      const top = Math.min(anchor.bottom + 2, window.innerHeight - height - MARGIN_PX);
      element.style.left = `${Math.max(MARGIN_PX, left)}px`;
      element.style.top = `${Math.max(MARGIN_PX, top)}px`;
    };
    const grown = new ResizeObserver(stand);
    grown.observe(element);
    return () => grown.disconnect();
  }, [anchor]);

  const name = column.name || (column.isIndex ? "index" : "(no name)");
  return (
    <div
      ref={box}
      className="menu table-menu"
      popover="auto"
      role="dialog"
      aria-label={`Column ${name}`}
      tabIndex={-1}
      onKeyDown={(event) => event.stopPropagation()}
      onPointerDown={(event) => event.stopPropagation()}
      onToggle={(event) => {
        if (event.newState === "closed") onClose();
      }}
    >
      <p className="table-menu-name">
        <strong>{name}</strong> <span>{column.type}</span>
      </p>
      {isAnswered ? (
        <>
          <FullSummary column={column} library={props.library} statistics={props.statistics} />
          <div className="table-menu-acts">
            <Button icon="up" onClick={() => onSort({ column: place, descending: false })}>
              Ascending
            </Button>
            <Button icon="down" onClick={() => onSort({ column: place, descending: true })}>
              Descending
            </Button>
            {props.isSorted && (
              <Button look="quiet" onClick={() => onSort(null)}>
                Unsorted
              </Button>
            )}
          </div>
          <FilterForm
            // The frequent values come later than the menu; what was typed stays.
            place={place}
            column={column}
            filters={props.filters}
            statistics={props.statistics}
            onFilters={props.onFilters}
          />
        </>
      ) : (
        <p className="output-note">Sorting and filters need the kernel that made this table.</p>
      )}
      <div className="table-menu-acts">
        <Button look="quiet" onClick={() => props.onWidth(STEP_PX)}>
          Wider
        </Button>
        <Button look="quiet" onClick={() => props.onWidth(-STEP_PX)}>
          Narrower
        </Button>
        <Button look="quiet" onClick={props.onHide}>
          Hide
        </Button>
      </div>
    </div>
  );
}
