/** Python text as coloured elements, without an editor: one parse, one pass. */

import { classHighlighter, highlightCode } from "@lezer/highlight";
import { parser } from "@lezer/python";

const LONGEST = 50_000; // characters; past that the colours cost more than they tell

/** The text in order, with the classes (`tok-keyword`) an editor would give it. */
export function highlighted(source: string): readonly (readonly [text: string, classes: string])[] {
  if (source.length > LONGEST) return [[source, ""]];
  const parts: [string, string][] = [];
  const put = (text: string, classes: string) => {
    const last = parts.at(-1);
    if (last && last[1] === classes) last[0] += text;
    else parts.push([text, classes]);
  };
  highlightCode(source, parser.parse(source), classHighlighter, put, () => put("\n", ""));
  return parts;
}

/** Replaces what `element` holds by highlighted `source`. */
export function drawHighlighted(element: HTMLElement, source: string): void {
  const drawn = document.createDocumentFragment();
  for (const [text, classes] of highlighted(source)) {
    if (classes === "") {
      drawn.appendChild(document.createTextNode(text));
      continue;
    }
    const span = document.createElement("span");
    span.className = classes;
    span.textContent = text;
    drawn.appendChild(span);
  }
  element.replaceChildren(drawn);
}
