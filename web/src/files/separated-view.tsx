/** A separated file as a table; only the rows on the screen exist. */

import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import { counted } from "../ui/words";
import { separated, separatorOf } from "./separated";

const ROW_PX = 26;
const CHAR_PX = 7.6;
const SAMPLED = 200; // rows that tell how wide a column is

export function SeparatedView({ name, text }: { readonly name: string; readonly text: string }) {
  const table = useMemo(() => separated(text, separatorOf(name, text)), [name, text]);
  const scroller = useRef<HTMLDivElement>(null);
  const { head, rows, numeric } = table;
  const rowsShown = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 20,
  });
  const widths = useMemo(
    () =>
      head.map((title, at) => {
        const longest = rows
          .slice(0, SAMPLED)
          .reduce((most, row) => Math.max(most, row[at]?.length ?? 0), title.length);
        return Math.round(Math.min(Math.max(longest, 4), 40) * CHAR_PX + 24);
      }),
    [head, rows],
  );
  const items = rowsShown.getVirtualItems();
  const above = items[0]?.start ?? 0;
  const below = rowsShown.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <>
      <p className="view-count">
        {counted(rows.length, "row")}, {counted(head.length, "column")}
      </p>
      <section
        ref={scroller}
        className="separated"
        aria-label={name}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys
        tabIndex={0}
      >
        <table aria-rowcount={rows.length + 1} style={{ width: sum(widths) }}>
          <thead>
            <tr>
              {head.map((title, at) => (
                <th
                  // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other name
                  key={at}
                  scope="col"
                  style={{ width: widths[at] }}
                  data-numeric={numeric.has(at) ? "" : undefined}
                  title={title}
                >
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {above > 0 && <Space height={above} columns={head.length} />}
            {items.map((item) => (
              <tr key={item.key} aria-rowindex={item.index + 2}>
                {head.map((_, at) => (
                  // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other name
                  <td key={at} data-numeric={numeric.has(at) ? "" : undefined}>
                    {rows[item.index]?.[at] ?? ""}
                  </td>
                ))}
              </tr>
            ))}
            {below > 0 && <Space height={below} columns={head.length} />}
          </tbody>
        </table>
      </section>
    </>
  );
}

/** In place of the rows that are not on the screen. */
function Space({ height, columns }: { readonly height: number; readonly columns: number }) {
  return (
    <tr>
      <td colSpan={columns} style={{ height, padding: 0, border: 0 }} />
    </tr>
  );
}

function sum(widths: readonly number[]): number {
  return widths.reduce((total, width) => total + width, 0);
}
