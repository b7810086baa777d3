/**
 * How tall a cell will be, before it is made. Close is enough, but it should be close: the
 * scroll bar tells the truth only as far as this does.
 */

import { sizeOf } from "../outputs/image/picture";
import { lineCount } from "../outputs/stream/text-parts";
import type { Execution, Output } from "../protocol/generated";

const CODE_LINE = 20;
const FRAME = 22; // padding above and below, borders, the gap to the next cell
const CODE_CHARS = 120; // in a line of the usual width
const OUTPUTS_FRAME = 10;
const OUTPUT_GAP = 4;
const TEXT_LINE = 18;
const TEXT_MOST = 612; // the bounded box
const PROSE_LINE = 24.75;
const PROSE_GAP = 11.5;
const PROSE_CHARS = 104;
const TABLE_ROW = 24;

/** A heading's own height and the space above it, by its level. */
const HEADINGS = [
  [36, 33],
  [27, 25],
  [22, 20],
  [19, 18],
] as const;

function codeHeight(source: string): number {
  let lines = 0;
  for (const line of source.split("\n")) lines += Math.max(1, Math.ceil(line.length / CODE_CHARS));
  return lines * CODE_LINE + FRAME;
}

function proseHeight(source: string): number {
  let height = FRAME;
  let isFirst = true;
  for (const block of source.trim().split(/\n\s*\n/)) {
    const level = /^(#{1,6}) /.exec(block)?.[1]?.length ?? 0;
    const [own, above] = HEADINGS[Math.min(level, 4) - 1] ?? [0, PROSE_GAP];
    height += own + (isFirst ? 0 : above);
    isFirst = false;
    const lines = block.split("\n");
    if (level > 0) lines.shift();
    if (level > 0 && lines.length > 0) height += PROSE_GAP;
    const isCode = block.startsWith("```");
    for (const line of isCode ? lines.slice(2) : lines) {
      height += isCode ? CODE_LINE : Math.max(1, Math.ceil(line.length / PROSE_CHARS)) * PROSE_LINE;
    }
    if (isCode) height += 20;
    if (/^[-*+] |^\d+[.)] /.test(lines[0] ?? "")) height += (lines.length - 1) * 3.3;
  }
  return height;
}

function outputHeight(output: Output): number {
  switch (output.kind) {
    case "stream": {
      if (output.omitted_chars > 0 || output.lines > 200) return 33 * TEXT_LINE;
      return Math.min(lineCount(output.lines, output.head) * TEXT_LINE, TEXT_MOST);
    }
    case "error":
      return 60 + Math.min(output.traceback.length, 4) * 90;
    case "display":
      return displayHeight(output.data);
  }
}

function displayHeight(data: Readonly<Record<string, unknown>>): number {
  if ("application/vnd.plotly.v1+json" in data) return 450;
  const html = data["text/html"];
  if (typeof html === "string") {
    const rows = html.split("<tr").length - 1;
    return rows > 0 ? Math.min(rows * TABLE_ROW + 30, 460) : 60;
  }
  const png = data["image/png"];
  if (typeof png === "string") return Math.min(sizeOf(png)?.height ?? 400, 900);
  if ("image/png" in data || "image/jpeg" in data) return 400;
  const text = data["text/plain"];
  return typeof text === "string" ? Math.min(text.split("\n").length * TEXT_LINE, TEXT_MOST) : 120;
}

export function estimatedHeight(kind: string, source: string, execution: Execution | null): number {
  if (kind === "markdown") return proseHeight(source);
  const outputs = execution?.outputs.items ?? [];
  const gaps = outputs.length > 0 ? OUTPUTS_FRAME + (outputs.length - 1) * OUTPUT_GAP : 0;
  return outputs.reduce(
    (height, output) => height + outputHeight(output),
    codeHeight(source) + gaps,
  );
}
