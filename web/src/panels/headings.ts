/** The headings in a Markdown source, as a table of contents shows them. Pure. */

export interface Heading {
  readonly level: number;
  readonly text: string;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const LONGEST = 4_000; // lines of one cell that are looked through

export function headingsIn(source: string): Heading[] {
  const found: Heading[] = [];
  let fence = "";
  for (const line of source.split("\n", LONGEST)) {
    const mark = FENCE.exec(line)?.[1] ?? "";
    if (fence !== "") {
      if (mark.startsWith(fence)) fence = "";
      continue;
    }
    if (mark !== "") {
      fence = mark;
      continue;
    }
    const heading = headingOf(line);
    if (heading) found.push(heading);
  }
  return found;
}

function headingOf(line: string): Heading | null {
  const trimmed = line.trimStart();
  if (line.length - trimmed.length > 3 || !trimmed.startsWith("#")) return null;
  let level = 0;
  while (trimmed[level] === "#") level += 1;
  const next = trimmed[level];
  if (level > 6 || (next !== undefined && next !== " " && next !== "\t")) return null;
  const text = plain(trimmed.slice(level).trim());
  return text === "" ? null : { level, text };
}

/** The words without the marks around them. */
function plain(text: string): string {
  return text
    .replace(/[ \t]#+$/, "")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*`]/g, "")
    .trim();
}
