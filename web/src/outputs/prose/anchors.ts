/** Places in a Markdown text that links lead to: its headings, and what has a name. Pure. */

const HEADING = /^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*$/;
const NAMED = /<[a-z][^<>]{0,200}?\s(?:id|name)\s*=\s*["']?([^"'\s<>]{1,200})/gi;
const LINK = /!?\[([^[\]]*)\]\([^()]*\)/g;

/** One name for a place, however it was written: `#My%20Title`, `my-title`, `My Title`. */
export function anchorName(text: string): string {
  let plain = text;
  try {
    plain = decodeURIComponent(text);
  } catch {
    // A `%` that stands for itself.
  }
  return plain
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s+/g, "-")
    .slice(0, 200);
}

export function anchorsIn(source: string): string[] {
  const found: string[] = [];
  for (const line of source.split("\n")) {
    const heading = HEADING.exec(line)?.[1];
    if (heading !== undefined) found.push(anchorName(heading.replaceAll(LINK, "$1")));
    for (const [, name = ""] of line.matchAll(NAMED)) found.push(anchorName(name));
  }
  return found;
}
