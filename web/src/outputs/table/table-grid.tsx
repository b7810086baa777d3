/** A data frame: search and what is filtered above, the grid, how many rows below. */

import {
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from "react";
import { messageOf } from "../../core/message-of";
import type { Session } from "../../store/session";
import { useSession } from "../../store/use-session";
import { Button } from "../../ui/button";
import { Icon } from "../../ui/icon";
import { Menu, type MenuEntry } from "../../ui/menu";
import { notify } from "../../ui/notices";
import { counted, countWords } from "../../ui/words";
import { useOutputPlace } from "../place";
import { clampedWidth, fittingWidth, layoutOf, WIDEST_PX } from "./column-layout";
import { ColumnMenu } from "./column-menu";
import { Grid, HEAD_PX, ROW_PX, SUMMARY_PX } from "./grid";
import { type Area, cellTexts, tabSeparated } from "./selection";
import { type AskTable, TableSource } from "./table-source";
import { type CellValue, isCut, type TableValue } from "./table-value";
import { filePath, filtered, filtersOf, filterWords, sorted, sortOf, sortToggled } from "./view";

const ROWS_SEEN = 13; // more scroll
const SCROLL_BAR_PX = 14;
const TYPED_MS = 250;

const SEARCHED_FROM = 6; // rows: fewer are seen at a glance

interface TableGridProps {
  readonly table: TableValue;
  /** Shows the frame as its library printed it. */
  readonly onPrinted: () => void;
}

export function TableGrid({ table, onPrinted }: TableGridProps) {
  const { ask, server, notebookId } = useOutputPlace();
  const source = useTableSource(table, ask, useSession(kernelOf));
  return (
    <TableSheet
      source={source}
      fileAddress={(format) => server.url(filePath(notebookId, table.handle, format, source.view))}
      onPrinted={onPrinted}
    />
  );
}

interface SheetProps {
  readonly source: TableSource;
  /** Where the view can be had as a file; null: nowhere. */
  readonly fileAddress: ((format: string) => string) | null;
  readonly onPrinted: (() => void) | null;
  /** Of the grid; null: as high as its rows, within reason. */
  readonly height?: number | null;
}

/** The grid with its search, filters and menus, wherever its rows come from. */
export function TableSheet({ source, fileAddress, onPrinted, height = null }: SheetProps) {
  const { table } = source;
  useSyncExternalStore(source.subscribe, source.version);
  const [hidden, setHidden] = useState<ReadonlySet<number>>(new Set());
  const [widths, setWidths] = useState<ReadonlyMap<number, number>>(new Map());
  const [viewWidth, setViewWidth] = useState(600);
  const [hasSummary, setSummary] = useState(false);
  const [menu, setMenu] = useState<{ column: number; anchor: DOMRect } | null>(null);
  const [said, setSaid] = useState("");
  const layout = useMemo(
    () => layoutOf(table, hidden, widths, viewWidth),
    [table, hidden, widths, viewWidth],
  );
  const { view, rows, standing } = source;
  const isAnswered = standing === "kernel" || standing === "away";
  const setWidth = useCallback(
    (column: number, width: number) =>
      setWidths((now) => new Map(now).set(column, clampedWidth(width))),
    [],
  );

  const headHeight = HEAD_PX + (hasSummary ? SUMMARY_PX : 0);
  const isWide = (layout.lefts.at(-1) ?? 0) > viewWidth;
  const ownHeight =
    headHeight + Math.max(1, Math.min(rows, ROWS_SEEN)) * ROW_PX + (isWide ? SCROLL_BAR_PX : 2);

  function openMenu(column: number, anchor: DOMRect) {
    setMenu({ column, anchor });
    void source.wantStatistics([column]);
  }

  async function copy(area: Area, clipboard: DataTransfer | null, withHead: boolean) {
    const columns = layout.columns.slice(area.left, area.right + 1);
    const isAll = area.top === 0 && area.bottom === rows - 1 && rows > 1;
    const head =
      withHead || isAll ? [columns.map((column) => table.columns[column]?.name ?? "")] : [];
    const here = valuesHere(source, area, columns);
    const count = (area.bottom - area.top + 1) * columns.length;
    if (here && clipboard) {
      clipboard.setData("text/plain", tabSeparated([...head, ...cellTexts(here)]));
      setSaid(`${counted(count, "cell")} copied`);
      return;
    }
    try {
      setSaid("copying …");
      const values = here ?? (await source.values(area.top, area.bottom, columns));
      await navigator.clipboard.writeText(tabSeparated([...head, ...cellTexts(values)]));
      setSaid(`${counted(count, "cell")} copied`);
    } catch (error) {
      setSaid("");
      notify({ text: `Not copied: ${messageOf(error)}`, tone: "failure" });
    }
  }

  function download(format: string) {
    if (!fileAddress) return;
    const link = document.createElement("a");
    link.href = fileAddress(format);
    link.download = `table.${format}`;
    link.click();
  }

  const menuColumn = menu ? table.columns[menu.column] : undefined;
  return (
    <div className="table-place" data-table="" data-standing={standing}>
      <div className="table-bar">
        {isAnswered && table.rows >= SEARCHED_FROM && (
          <SearchField
            key={`${view.search === ""}`}
            search={view.search}
            onSearch={(search) => source.setView({ ...source.view, search })}
          />
        )}
        <ul className="table-chips" aria-label="Filters">
          {view.filters.map((filter, at) => (
            <li key={`${filter.column} ${filter.test}`}>
              <span>
                <b>{table.columns[filter.column]?.name || "index"}</b> {filterWords(filter)}
              </span>
              <button
                type="button"
                aria-label={`Remove the filter on ${table.columns[filter.column]?.name || "index"}`}
                onClick={() =>
                  source.setView({ ...view, filters: view.filters.filter((_, n) => n !== at) })
                }
              >
                <Icon name="close" />
              </button>
            </li>
          ))}
        </ul>
        {isAnswered && (
          <Button
            look="quiet"
            aria-pressed={hasSummary}
            onClick={() => setSummary(!hasSummary)}
            className="table-toggle"
          >
            Summary
          </Button>
        )}
        <Menu
          label="Table: download, columns"
          icon="more"
          className="table-acts"
          entries={() => [
            ...(fileAddress ? table.formats : []).map((format) => ({
              label: `Download ${FORMATS[format] ?? format}${isFiltered(source) ? ", these rows" : ""}`,
              icon: "download" as const,
              disabled: !isAnswered,
              run: () => download(format),
            })),
            ...columnEntries(hidden.size, () => setHidden(new Set())),
            ...(onPrinted ? [null, { label: "Show as printed", run: onPrinted }] : []),
          ]}
        />
      </div>
      <Grid
        source={source}
        layout={layout}
        hasSummary={hasSummary && isAnswered}
        height={height ?? ownHeight}
        label={`Table, ${counted(table.rows, "row")}, ${counted(table.columnCount, "column")}`}
        onViewWidth={setViewWidth}
        onSort={(column, isMore) => {
          if (isAnswered) source.setView(sortToggled(view, column, isMore));
        }}
        onMenu={openMenu}
        onWidth={setWidth}
        onFit={(column) => setWidth(column, fittingWidth(table, column, WIDEST_PX))}
        onCopy={(area, clipboard, withHead) => void copy(area, clipboard, withHead)}
      />
      <div className="table-foot">
        <span>{rowsWords(source)}</span>
        <span>
          {counted(table.columnCount - indexLevels(table), "column")}
          {hidden.size > 0 && `, ${hidden.size} hidden`}
          {table.columnCount > table.columns.length &&
            `, the first ${countWords(table.columns.length)} here`}
        </span>
        <span role="status" className="table-said">
          {source.problem || said}
        </span>
        {standing === "away" && (
          <Button look="quiet" onClick={() => source.retry()}>
            The kernel did not answer. Try again
          </Button>
        )}
        <span className="table-note">{noteOf(source)}</span>
      </div>
      {menu && menuColumn && (
        <ColumnMenu
          place={menu.column}
          column={menuColumn}
          library={table.library}
          statistics={source.statistics(menu.column)}
          isAnswered={isAnswered}
          isSorted={sortOf(view, menu.column) !== null}
          filters={filtersOf(view, menu.column)}
          anchor={menu.anchor}
          onSort={(sort) => {
            source.setView(sorted(view, menu.column, sort, view.sort.length > 1));
            setMenu(null);
          }}
          onFilters={(filters) => {
            source.setView(filtered(view, menu.column, filters));
            setMenu(null);
          }}
          onWidth={(by) => {
            const now = widths.get(menu.column) ?? fittingWidth(table, menu.column);
            setWidth(menu.column, now + by);
          }}
          onHide={() => {
            if (layout.columns.length > 1) setHidden(new Set([...hidden, menu.column]));
            setMenu(null);
          }}
          onClose={() => setMenu(null)}
        />
      )}
    </div>
  );
}

const FORMATS: { readonly [format: string]: string } = { csv: "CSV", parquet: "Parquet" };

function columnEntries(hidden: number, show: () => void): MenuEntry[] {
  return hidden === 0 ? [] : [{ label: `Show ${counted(hidden, "hidden column")}`, run: show }];
}

function useTableSource(table: TableValue, ask: AskTable, kernelId: string | null): TableSource {
  const source = useMemo(() => new TableSource(table, ask), [table, ask]);
  useEffect(() => () => source.close(), [source]);
  useLayoutEffect(() => source.setKernel(kernelId), [source, kernelId]);
  return source;
}

function SearchField(props: {
  readonly search: string;
  readonly onSearch: (search: string) => void;
}) {
  const { search, onSearch } = props;
  const [typed, setTyped] = useState(search);
  useEffect(() => {
    if (typed === search) return;
    const timer = setTimeout(() => onSearch(typed), TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed, search, onSearch]);
  return (
    <input
      className="field table-search"
      type="search"
      placeholder="Search all columns"
      aria-label="Search all columns of this table"
      value={typed}
      onChange={(event) => setTyped(event.target.value)}
      onKeyDown={(event) => event.stopPropagation()}
    />
  );
}

/** The area's values when all of them are here, whole. */
function valuesHere(
  source: TableSource,
  area: Area,
  columns: readonly number[],
): CellValue[][] | null {
  const rows: CellValue[][] = [];
  for (let row = area.top; row <= area.bottom; row += 1) {
    const values: CellValue[] = [];
    for (const column of columns) {
      const value = source.cell(row, column);
      if (value === undefined || (isCut(value) && !source.isOnlyFirst)) return null;
      values.push(value);
    }
    rows.push(values);
  }
  return rows;
}

function isFiltered(source: TableSource): boolean {
  return source.view.filters.length > 0 || source.view.search !== "";
}

function rowsWords(source: TableSource): string {
  const { table, rows } = source;
  const all = table.hasMore
    ? `the first ${counted(table.rows, "row")}`
    : counted(table.rows, "row");
  if (source.isWorking) return `${all}, working …`;
  if (source.isOnlyFirst && rows < table.rows) return `First ${countWords(rows)} of ${all}`;
  return isFiltered(source) ? `${countWords(rows)} of ${all}` : all;
}

function noteOf(source: TableSource): string {
  const isPart = source.table.first.length < source.table.rows;
  switch (source.standing) {
    case "none":
      return isPart ? "The rest is with the kernel, which does not run." : "No kernel runs.";
    case "gone":
      return "The kernel does not keep this frame any more: run the cell again for all of it.";
    case "away":
      return "";
    case "kernel":
      return source.table.isSnapshot ? "" : "Values are those that the frame has now.";
  }
}

const kernelOf = ({ state }: Session): string | null =>
  state.kernel.phase === "ready" ? state.kernel.kernel_id : null;

/** How many of the columns are the frame's own index: it is no column of the data. */
function indexLevels(table: TableValue): number {
  return table.columns.filter((column) => column.isIndex).length;
}
