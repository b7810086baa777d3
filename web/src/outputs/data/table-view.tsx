import type { PlainTable, TableCell } from "./plain-table";

const NUMBER = /^[-+−]?[\d,.]+(e[-+]?\d+)?%?$|^(nan|inf|-inf|<na>|none|nat|null)$/i;

/** A DataFrame as its library printed it: head stays in sight, numbers stand to the right. */
export function TableView({ table }: { readonly table: PlainTable }) {
  return (
    <div className="table-output">
      {table.before.map((text) => (
        <p key={text}>{text}</p>
      ))}
      <section
        className="table-scroll"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled box is reached by keyboard
        tabIndex={0}
        aria-label="Table"
      >
        <table>
          <thead>{table.head.map(rowOf)}</thead>
          <tbody>{table.body.map(rowOf)}</tbody>
        </table>
      </section>
      {table.after.map((text) => (
        <p key={text}>{text}</p>
      ))}
    </div>
  );
}

function rowOf(cells: readonly TableCell[], at: number) {
  return <tr key={at}>{cells.map(cellOf)}</tr>;
}

function cellOf(cell: TableCell, at: number) {
  const Tag = cell.isHead ? "th" : "td";
  return (
    <Tag
      key={at}
      colSpan={cell.columns}
      rowSpan={cell.rows}
      data-number={NUMBER.test(cell.text) ? "" : undefined}
    >
      {cell.text}
    </Tag>
  );
}
