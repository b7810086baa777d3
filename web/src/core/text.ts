/**
 * Fold the text of one stream as a terminal would, and keep its ends.
 *
 * The same as `src/tailrace/core/text.py`, where the rules (OUT-1 to OUT-19) and the reasons
 * are. Appending costs the length of what is appended: JavaScript joins strings without copying
 * them, and what must be known of the text that stands is remembered beside it (`Measure`).
 */

import type { StreamOutput } from "../protocol/generated";
import { codePoints, isBasic, unitOf, unitsBefore } from "./code-points";
import { ESCAPE_LIMIT, mayGoUp, REACH, Screen, WIDE } from "./screen";

/** Code points kept of a stream's beginning. */
export const HEAD = 32 * 1024;
/** Code points kept of its end. */
export const TAIL = 64 * 1024;
/** The tail is cut in steps of this: most appends then only append. */
export const STEP = 8 * 1024;

/** Lengths in code points; `basic`: no code point beyond the basic plane. */
interface Measure {
  readonly head: number;
  readonly tail: number;
  readonly basic: boolean;
}

const measures = new WeakMap<StreamOutput, Measure>();

function measureOf(stream: StreamOutput): Measure {
  return measures.get(stream) ?? measured(stream);
}

function measured(stream: StreamOutput, known?: Measure): Measure {
  const measure = known ?? {
    head: codePoints(stream.head),
    tail: codePoints(stream.tail),
    basic: isBasic(stream.head) && isBasic(stream.tail),
  };
  measures.set(stream, measure);
  return measure;
}

/** A stream before its first character. */
export function emptyStream(
  index: number,
  name: StreamOutput["name"],
  startLine: number,
): StreamOutput {
  return {
    kind: "stream",
    index,
    name,
    head: "",
    tail: "",
    omitted_chars: 0,
    omitted_lines: 0,
    start_line: startLine,
    lines: 0,
    column: null,
    row: 0,
    reach: 0,
    width: 0,
    pen: "",
    pending: "",
  };
}

/** Characters a stream holds, in code points. */
export function weightOfStream(stream: StreamOutput): number {
  const { head, tail } = measureOf(stream);
  return head + tail;
}

/** `stream` with `text` written at its cursor. */
export function folded(stream: StreamOutput, text: string): StreamOutput {
  if (!text) return stream;
  const isAtEnd = stream.column === null && !stream.row && !stream.pen && !stream.pending;
  if (!isAtEnd || text.includes("\x1b") || text.includes("\b")) {
    return onScreen(stream, text, newlines(text));
  }
  if (!text.includes("\r")) return appended(stream, text, newlines(text));
  const joined = text.replaceAll("\r\n", "\n");
  const lines = newlines(text);
  return joined.includes("\r") ? onScreen(stream, joined, lines) : appended(stream, joined, lines);
}

function newlines(text: string, from = 0, to = text.length): number {
  let count = 0;
  for (let at = text.indexOf("\n", from); at >= 0 && at < to; at = text.indexOf("\n", at + 1)) {
    count += 1;
  }
  return count;
}

/** The fast path: nothing moves the cursor, so text goes to the end. */
function appended(stream: StreamOutput, text: string, lines: number): StreamOutput {
  const before = measureOf(stream);
  const length = codePoints(text);
  let { reach } = stream;
  let width: number;
  if (lines === 0) {
    width = stream.width + length;
    if (width > WIDE) {
      width = lastRow(width);
      reach = -1;
    }
  } else {
    width = codePoints(text.slice(text.lastIndexOf("\n") + 1));
    if (stream.width + length <= WIDE) reach = Math.min(reach + lines, REACH);
    else {
      reach = reachAfter(stream, text);
      if (width > WIDE) width = lastRow(width);
    }
  }
  const isCut = stream.tail !== "";
  const next: StreamOutput = {
    ...stream,
    head: isCut ? stream.head : stream.head + text,
    tail: isCut ? stream.tail + text : "",
    lines: stream.lines + lines,
    column: null,
    reach,
    width,
  };
  measured(next, {
    head: isCut ? before.head : before.head + length,
    tail: isCut ? before.tail + length : 0,
    basic: before.basic && length === text.length,
  });
  return cut(next);
}

/** What stands in the last row of a line of `width`. */
function lastRow(width: number): number {
  return ((width - 1) % WIDE) + 1;
}

/** `reach` after `text`, which may hold lines longer than a row. */
function reachAfter(stream: StreamOutput, text: string): number {
  // More newlines than the reach can count need not be looked at: they fill it anyway.
  const lines: string[] = [];
  let end = text.length;
  while (lines.length <= REACH) {
    const newline = end === 0 ? -1 : text.lastIndexOf("\n", end - 1);
    if (newline < 0) break;
    lines.push(text.slice(newline + 1, end));
    end = newline;
  }
  let reach = stream.reach;
  if (stream.width + codePoints(text.slice(0, end)) > WIDE) reach = -1;
  for (const line of lines.reverse()) {
    reach = codePoints(line) > WIDE ? -1 : Math.min(reach + 1, REACH);
  }
  return reach;
}

/** The whole language: the rows that the text can change become a screen to type on. */
function onScreen(stream: StreamOutput, text: string, lines: number): StreamOutput {
  const shown = stream.tail || stream.head;
  const { reach } = stream;
  // Few texts move up; for the others the last row is all there is to change.
  const staysDown = !stream.row && !mayGoUp(stream.pending + text);
  const above = staysDown ? Math.max(reach, 0) : 0;
  const start = liveStart(shown, reach - above, stream.width);
  const screen = new Screen({
    rows: shown.slice(start).split("\n"),
    above,
    wrapped: reach < 0,
    row: stream.row,
    column: stream.column,
    pen: stream.pen,
    pending: stream.pending,
  });
  screen.write(text);
  const after = shown.slice(0, start) + screen.text();
  const next: StreamOutput = {
    ...stream,
    head: stream.tail ? stream.head : after,
    tail: stream.tail ? after : "",
    lines: stream.lines + lines,
    column: screen.cursor(),
    row: screen.row,
    reach: screen.reach(),
    width: screen.width(),
    pen: screen.pen,
    pending: screen.pending,
  };
  if (measureOf(stream).basic && isBasic(text)) {
    measured(next, { head: next.head.length, tail: next.tail.length, basic: true });
  }
  return cut(next);
}

/** The unit in `shown` where the rows begin that the cursor may still change. */
function liveStart(shown: string, reach: number, width: number): number {
  let position = shown.length;
  if (reach >= 0) {
    for (let row = 0; row <= reach; row += 1) {
      position = position === 0 ? -1 : shown.lastIndexOf("\n", position - 1);
      if (position < 0) return 0;
    }
    return position + 1;
  }
  // The last row continues a long line: count its characters back, escapes aside.
  let left = width;
  while (left > 0) {
    const opened = escapeEndingAt(shown, position);
    if (opened !== null) position = opened;
    else {
      position -= unitsBefore(shown, position);
      left -= 1;
    }
  }
  const opened = escapeEndingAt(shown, position);
  return opened !== null && shown.slice(opened, position) !== "\x1b[0m" ? opened : position;
}

function escapeEndingAt(shown: string, position: number): number | null {
  if (position === 0 || shown[position - 1] !== "m") return null;
  const from = Math.max(0, position - ESCAPE_LIMIT);
  const opened = shown.slice(from, position).lastIndexOf("\x1b");
  if (opened < 0 || shown.indexOf("m", from + opened) !== position - 1) return null;
  return from + opened;
}

/**
 * Leave out the middle, once there is more than head and tail hold. The cut depends only on how
 * much has left the cursor's reach, so it falls in the same place however the text came.
 */
function cut(stream: StreamOutput): StreamOutput {
  const measure = measureOf(stream);
  const isCut = stream.tail !== "";
  const before = isCut ? measure.head + stream.omitted_chars : 0;
  const least = before || HEAD;
  const total = before + (isCut ? measure.tail : measure.head);
  if (wholeSteps(total - TAIL) <= least) return stream;
  const shown = isCut ? stream.tail : stream.head;
  const live = liveStart(shown, stream.reach, stream.width);
  const frozen = before + (measure.basic ? live : codePoints(shown.slice(0, live)));
  const wanted = wholeSteps(frozen - TAIL);
  if (wanted <= least) return stream;
  const { basic } = measure;
  const start = lineStartAfter(shown, unitOf(shown, wanted - before, basic), basic);
  const head = isCut
    ? stream.head
    : shown.slice(0, lineEndBefore(shown, unitOf(shown, HEAD, basic), basic));
  const startPoint = basic ? start : codePoints(shown.slice(0, start));
  const headPoints = isCut ? measure.head : basic ? head.length : codePoints(head);
  const next: StreamOutput = {
    ...stream,
    head,
    tail: shown.slice(start),
    omitted_chars: before + startPoint - headPoints,
    omitted_lines: stream.omitted_lines + newlines(shown, isCut ? 0 : head.length, start),
  };
  measured(next, { head: headPoints, tail: total - before - startPoint, basic });
  return next;
}

function wholeSteps(chars: number): number {
  return Math.floor(chars / STEP) * STEP;
}

/** `WIDE` code points after the unit `from`. */
function wideAfter(shown: string, from: number, basic: boolean): number {
  return basic ? from + WIDE : from + unitOf(shown.slice(from, from + 2 * WIDE), WIDE);
}

/** `WIDE` code points before the unit `from`. */
function wideBefore(shown: string, from: number, basic: boolean): number {
  if (basic) return Math.max(0, from - WIDE);
  let unit = from;
  for (let left = WIDE; left > 0 && unit > 0; left -= 1) unit -= unitsBefore(shown, unit);
  return unit;
}

/** The first start of a line at or after `offset`; `offset` itself when that is far. */
function lineStartAfter(shown: string, offset: number, basic: boolean): number {
  const newline = shown.indexOf("\n", offset - 1);
  if (newline >= 0 && newline < wideAfter(shown, offset, basic)) return newline + 1;
  const opened = lastEscape(shown, Math.max(0, offset - ESCAPE_LIMIT), offset);
  if (opened >= 0) {
    const end = shown.indexOf("m", opened);
    if (end >= offset) return end + 1;
  }
  return offset;
}

/** The last end of a line at or before `offset`; `offset` itself when that is far. */
function lineEndBefore(shown: string, offset: number, basic: boolean): number {
  const from = wideBefore(shown, offset, basic);
  const newline = shown.slice(from, offset).lastIndexOf("\n");
  if (newline >= 0) return from + newline + 1;
  const opened = lastEscape(shown, offset - ESCAPE_LIMIT, offset);
  if (opened >= 0 && shown.indexOf("m", opened) >= offset) return opened;
  return offset;
}

/** Where the last escape begins within [from, to); -1 when there is none. */
function lastEscape(shown: string, from: number, to: number): number {
  const found = shown.slice(from, to).lastIndexOf("\x1b");
  return found < 0 ? -1 : from + found;
}
