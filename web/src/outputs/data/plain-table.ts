/**
 * Recognises the HTML that pandas and polars write for a table and nothing else, and reads
 * it into values. What it reads is drawn by us, as text, so it needs no sandbox: a thousand
 * small tables cost no frames. Anything it does not know (a link, a picture, a style that
 * means something, a script) makes it refuse, and the whole goes into the frame.
 */

export interface TableCell {
  readonly text: string;
  readonly isHead: boolean;
  readonly columns: number;
  readonly rows: number;
}

export interface PlainTable {
  readonly before: readonly string[];
  readonly head: readonly (readonly TableCell[])[];
  readonly body: readonly (readonly TableCell[])[];
  readonly after: readonly string[];
}

const LONGEST = 2_000_000; // characters; beyond, the frame's own scrolling is the better place
const MOST_CELLS = 30_000;
const KNOWN_ATTRIBUTES = new Set([
  "border",
  "class",
  "style",
  "colspan",
  "rowspan",
  "valign",
  "halign",
]);
const SPAN = /^\d{1,4}$/;

class Unknown extends Error {}

/** The table, or null when `html` is more than a plain table. */
export function readPlainTable(html: string): PlainTable | null {
  if (html.length > LONGEST || !html.includes("dataframe")) return null;
  // A parsed document of this kind runs no script and loads nothing.
  const parsed = new DOMParser().parseFromString(html, "text/html");
  try {
    return read(parsed.body);
  } catch (problem) {
    if (problem instanceof Unknown) return null;
    throw problem;
  }
}

function read(body: HTMLElement): PlainTable {
  const before: string[] = [];
  const after: string[] = [];
  const tables: Element[] = [];
  const visit = (element: Element) => {
    for (const child of childrenOf(element)) {
      if (child.tagName === "TABLE") tables.push(child);
      else if (child.tagName === "DIV") visit(child);
      else if (child.tagName === "P" || child.tagName === "SMALL") {
        (tables.length > 0 ? after : before).push(textOf(child));
      } else if (child.tagName !== "STYLE") throw new Unknown();
    }
  };
  visit(body);
  const [table] = tables;
  if (!table || tables.length > 1 || !table.classList.contains("dataframe")) throw new Unknown();
  if (table.querySelectorAll("td, th").length > MOST_CELLS) throw new Unknown();
  const parts = childrenOf(table);
  if (parts.some((part) => part.tagName !== "THEAD" && part.tagName !== "TBODY"))
    throw new Unknown();
  const rowsOf = (tag: string) =>
    parts.filter((part) => part.tagName === tag).flatMap((part) => childrenOf(part).map(cellsOf));
  return { before, head: rowsOf("THEAD"), body: rowsOf("TBODY"), after };
}

/** The elements in `element`; text beside them is something we do not know. */
function childrenOf(element: Element): Element[] {
  known(element);
  for (const node of element.childNodes) {
    if (node.nodeType === Node.TEXT_NODE && (node.textContent ?? "").trim() !== "")
      throw new Unknown();
  }
  return [...element.children];
}

function cellsOf(row: Element): TableCell[] {
  if (row.tagName !== "TR") throw new Unknown();
  return childrenOf(row).map((cell) => {
    if (cell.tagName !== "TH" && cell.tagName !== "TD") throw new Unknown();
    known(cell);
    return {
      text: textOf(cell),
      isHead: cell.tagName === "TH",
      columns: span(cell.getAttribute("colspan")),
      rows: span(cell.getAttribute("rowspan")),
    };
  });
}

function known(element: Element): void {
  for (const { name } of element.attributes) {
    if (!KNOWN_ATTRIBUTES.has(name)) throw new Unknown();
  }
}

function span(value: string | null): number {
  return value !== null && SPAN.test(value) ? Math.max(1, Number(value)) : 1;
}

function textOf(element: Element): string {
  let text = "";
  for (const node of element.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) text += node.textContent ?? "";
    else if (node.nodeName === "BR") text += "\n";
    else throw new Unknown();
  }
  return text.trim();
}
