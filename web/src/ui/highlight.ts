/** Text of a language as coloured elements, without an editor: one parse, one pass. */

import { classHighlighter, highlightCode } from "@lezer/highlight";
import { parser as python } from "@lezer/python";

/** Any grammar that can be had; null leaves the text without colours. */
export type Grammar = { readonly parse: typeof python.parse } | null;

const LONGEST = 50_000; // characters; past that the colours cost more than they tell

/** The text in order, with the classes (`tok-keyword`) an editor would give it. */
export function highlighted(
  source: string,
  grammar: Grammar = python,
): readonly (readonly [text: string, classes: string])[] {
  if (source.length > LONGEST || !grammar) return [[source, ""]];
  const parts: [string, string][] = [];
  const put = (text: string, classes: string) => {
    const last = parts.at(-1);
    if (last && last[1] === classes) last[0] += text;
    else parts.push([text, classes]);
  };
  highlightCode(source, grammar.parse(source), classHighlighter, put, () => put("\n", ""));
  return parts;
}

/** Replaces what `element` holds by highlighted `source`. */
export function drawHighlighted(
  element: HTMLElement,
  source: string,
  grammar: Grammar = python,
): void {
  const drawn = document.createDocumentFragment();
  for (const [text, classes] of highlighted(source, grammar)) {
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
