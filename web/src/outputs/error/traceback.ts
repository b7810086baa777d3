/**
 * An IPython traceback as frames: where each one is, whose code it is, and the message,
 * without the rulers and headings around them. Reads what people print too: a traceback it
 * does not understand stays one block of text.
 */

import type { ErrorOutput } from "../../protocol/generated";
import { withoutEscapes } from "../../ui/ansi";

export interface Frame {
  /** With its colours, as it came. */
  readonly text: string;
  /** `Cell In[5], line 3`, `File ~/app.py:12, in load(path)`. */
  readonly title: string;
  /** Whether the code is the person's own: a cell, or a file outside of any library. */
  readonly isOwn: boolean;
  /** The count of the cell the frame stands in, and the line there. */
  readonly cell: { readonly count: number; readonly line: number } | null;
}

const LIBRARY = [
  "site-packages",
  "dist-packages",
  "/lib/python3",
  "\\lib\\",
  "<frozen ",
  "<__array",
];
const HEAD = /^(File |Cell In|Input In|Traceback )/;
const CELL = /^(?:Cell|Input) In ?\[(\d+)\](?:, line (\d+)| in )/;
const ARROW = /^-+> (\d+) /m;
const RULER = /^-{10,}\s*$/;

function frameOf(text: string, plain: string): Frame {
  const title = plain.split("\n", 1)[0] ?? "";
  const cell = CELL.exec(title);
  const line = cell?.[2] ?? ARROW.exec(plain)?.[1];
  return {
    text,
    title,
    isOwn: cell !== null || !LIBRARY.some((part) => title.includes(part)),
    cell: cell && line ? { count: Number(cell[1]), line: Number(line) } : null,
  };
}

/** `skipping similar frames` and the like belong to the frame before them. */
export function framesOf(traceback: readonly string[], name: string): readonly Frame[] {
  const frames: Frame[] = [];
  for (const text of traceback) {
    const plain = withoutEscapes(text).trim();
    if (plain === "" || RULER.test(plain)) continue;
    const first = plain.split("\n", 1)[0] ?? "";
    const isHeading = first.startsWith(name) && first.includes("Traceback (most recent call");
    const isMessage = frames.length > 0 && (plain === name || plain.startsWith(`${name}:`));
    if (isHeading || (isMessage && !HEAD.test(plain))) continue;
    frames.push(frameOf(text, plain));
  }
  return frames;
}

/** Neighbouring frames of libraries, together: they are folded into one line. */
export function groupsOf(frames: readonly Frame[]): readonly (readonly Frame[])[] {
  const groups: Frame[][] = [];
  for (const frame of frames) {
    const last = groups.at(-1);
    if (last && !frame.isOwn && last[0]?.isOwn === false) last.push(frame);
    else groups.push([frame]);
  }
  return groups;
}

/** The error as plain text, as one pastes it into a search or a letter. */
export function errorText(output: ErrorOutput): string {
  const frames = output.traceback.map(withoutEscapes).join("\n");
  return frames || `${output.name}: ${output.message}`;
}
