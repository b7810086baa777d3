/**
 * How tall a cell will be, before it is made. Close is enough, but it should be close: the
 * scroll bar tells the truth only as far as this does.
 */

import { sizeOf } from "../outputs/image/picture";
import type { Execution, Output } from "../protocol/generated";

const CODE_LINE = 20;
const CODE_FRAME = 22; // padding above and below, and the gap to the next cell
const TEXT_LINE = 18;
const TEXT_MOST = 612; // the bounded box
const PROSE_LINE = 25;
const PROSE_CHARS = 105; // in a line of the usual width
const CODE_CHARS = 104;
const TABLE_ROW = 26;

function codeHeight(source: string): number {
  let lines = 0;
  for (const line of source.split("\n")) lines += Math.max(1, Math.ceil(line.length / CODE_CHARS));
  return lines * CODE_LINE + CODE_FRAME;
}

function proseHeight(source: string): number {
  let height = 20;
  for (const block of source.split(/\n\s*\n/)) {
    if (/^#{1,2} /.test(block)) height += 52;
    else if (/^#{3,6} /.test(block)) height += 42;
    else {
      const isCode = block.startsWith("```");
      for (const line of block.split("\n")) {
        height +=
          Math.max(1, Math.ceil(line.length / PROSE_CHARS)) * (isCode ? CODE_LINE : PROSE_LINE);
      }
      height += 12;
    }
  }
  return height;
}

function outputHeight(output: Output): number {
  switch (output.kind) {
    case "stream": {
      if (output.omitted_chars > 0 || output.lines > 200) return 33 * TEXT_LINE;
      return Math.min((output.lines + 1) * TEXT_LINE, TEXT_MOST);
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
  let height = codeHeight(source);
  for (const output of execution?.outputs.items ?? []) height += outputHeight(output) + 8;
  return height;
}
