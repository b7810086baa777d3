/**
 * Keeps an element showing a text that grows. What is already drawn and still right stays:
 * a line added costs one line, whatever stands above it.
 */

import { PLAIN, type Style } from "./ansi";
import { drawLine } from "./draw-line";

interface Drawn {
  readonly text: string;
  readonly element: HTMLElement;
  readonly before: Style;
  readonly after: Style;
}

export class TextWriter {
  private drawn: Drawn[] = [];

  constructor(private readonly root: HTMLElement) {}

  /** Shows exactly `text`. */
  show(text: string): void {
    const lines = text.split("\n");
    const ended = lines.at(-1) === "" && lines.length > 1;
    if (ended) lines.pop();
    let same = 0;
    while (same < lines.length && this.drawn[same]?.text === this.keyed(lines, same, ended)) {
      same += 1;
    }
    for (const gone of this.drawn.slice(same)) gone.element.remove();
    this.drawn.length = same;
    const added = document.createDocumentFragment();
    for (let at = same; at < lines.length; at += 1) {
      const before = this.drawn.at(-1)?.after ?? PLAIN;
      const element = document.createElement("span");
      const after = drawLine(element, lines[at] ?? "", before);
      const key = this.keyed(lines, at, ended);
      if (key.endsWith("\n")) element.appendChild(document.createTextNode("\n"));
      this.drawn.push({ text: key, element, before, after });
      added.appendChild(element);
    }
    this.root.appendChild(added);
  }

  private keyed(lines: readonly string[], at: number, ended: boolean): string {
    const line = lines[at] ?? "";
    return at < lines.length - 1 || ended ? `${line}\n` : line;
  }
}
