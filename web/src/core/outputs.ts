/**
 * Fold what a kernel shows into what stands under a cell.
 *
 * The same as `src/tailrace/core/outputs.py`, where the rules (OUT-20 to OUT-35) and the reasons
 * are: adjacent text of one stream is one item, a count and a budget bound the list, first and
 * newest items staying; a clear can wait for what follows it.
 */

import type {
  DisplayOutput,
  ErrorOutput,
  Output,
  Outputs,
  StreamName,
} from "../protocol/generated";
import { assertNever } from "./assert-never";
import { codePoints, sliced, unitOf } from "./code-points";
import { NO_OUTPUTS } from "./state";
import { emptyStream, folded, weightOfStream } from "./text";

/** Items kept from the beginning. */
export const FIRST = 100;
/** Items kept from the end, at least while the budget allows. */
export const NEWEST = 200;
/** Characters that one execution's items may hold together, its last one aside. */
export const BUDGET = 2 * 1024 * 1024;

const FIRST_BUDGET = BUDGET / 4;
const SHORT_TEXT = 2 * 1024;
const TRACEBACK_LINES = 200;

type Bundle = { readonly [mime: string]: unknown };

// ── what is added ────────────────────────────────────────────────────────────

/** Add `text` to the last item when it is the same stream, else start one. */
export function appendText(given: Outputs, name: StreamName, text: string): Outputs {
  if (!text) return given;
  const last = given.items.at(-1);
  if (last?.kind === "stream" && last.name === name && !given.clear_next) {
    const grown = folded(last, text);
    const items = given.items.slice();
    items[items.length - 1] = grown;
    return { ...given, items, next_line: given.next_line + grown.lines - last.lines };
  }
  const outputs = roomForOne(given);
  const started = folded(emptyStream(outputs.next_index, name, outputs.next_line), text);
  return withItem(outputs, started, started.lines);
}

/** Add a display. It takes one line of the transcript. */
export function appendDisplay(
  given: Outputs,
  display: Pick<DisplayOutput, "data" | "metadata" | "display_id" | "execution_count">,
): Outputs {
  const outputs = roomForOne(given);
  const { data, metadata, display_id, execution_count } = display;
  const item: DisplayOutput = {
    kind: "display",
    index: outputs.next_index,
    data,
    metadata,
    display_id,
    execution_count,
    start_line: outputs.next_line,
  };
  return withItem(outputs, item, 1);
}

/** Add an error, its longest parts shortened. It takes one line of the transcript. */
export function appendError(
  given: Outputs,
  error: Pick<ErrorOutput, "name" | "message" | "traceback">,
): Outputs {
  const outputs = roomForOne(given);
  const lines = error.traceback.map((line) => shortened(line, SHORT_TEXT));
  if (lines.length > TRACEBACK_LINES) {
    const half = TRACEBACK_LINES / 2;
    const leftOut = lines.length - TRACEBACK_LINES;
    lines.splice(half, leftOut, `… ${leftOut} lines left out …`);
  }
  const item: ErrorOutput = {
    kind: "error",
    index: outputs.next_index,
    name: shortened(error.name, SHORT_TEXT),
    message: shortened(error.message, 4 * SHORT_TEXT),
    traceback: lines,
    start_line: outputs.next_line,
  };
  return withItem(outputs, item, 1);
}

/** Empty the list now, or when the next item comes. Lines and indices count on. */
export function cleared(outputs: Outputs, wait: boolean): Outputs {
  if (wait) return { ...outputs, clear_next: true };
  return { ...NO_OUTPUTS, next_index: outputs.next_index, next_line: nextFreeLine(outputs) };
}

/** Every display of that id shows the new bundle; `outputs` itself when there is none. */
export function withDisplayUpdated(
  outputs: Outputs,
  displayId: string,
  data: Bundle,
  metadata: Bundle,
): Outputs {
  const { items } = outputs;
  const isIt = (item: Output) => item.kind === "display" && item.display_id === displayId;
  if (!items.some(isIt)) return outputs;
  let { weight } = outputs;
  const changed = items.map((item, place) => {
    if (item.kind !== "display" || item.display_id !== displayId) return item;
    const updated = { ...item, data, metadata };
    if (place < items.length - 1) weight += weightOf(updated) - weightOf(item);
    return updated;
  });
  return withinBudget({ ...outputs, items: changed, weight }, FIRST + NEWEST);
}

/** Outputs that come from a file, under the same caps as those of a kernel. */
export function loadedOutputs(items: readonly Output[]): Outputs {
  return items.reduce<Outputs>((outputs, item) => loadedOne(outputs, item), NO_OUTPUTS);
}

function loadedOne(outputs: Outputs, item: Output): Outputs {
  switch (item.kind) {
    case "stream":
      return appendText(outputs, item.name, item.head + item.tail);
    case "display":
      return appendDisplay(outputs, item);
    case "error":
      return appendError(outputs, item);
    default:
      return assertNever(item);
  }
}

/** A line begun by a stream and not ended is ended by whatever else follows it. */
function nextFreeLine(outputs: Outputs): number {
  const last = outputs.items.at(-1);
  if (last?.kind !== "stream") return outputs.next_line;
  const text = last.tail || last.head;
  return text && !text.endsWith("\n") ? outputs.next_line + 1 : outputs.next_line;
}

// ── caps ─────────────────────────────────────────────────────────────────────

const weights = new WeakMap<Output, number>();

/** Characters an item holds, near enough; the server counts the same. */
function weightOf(item: Output): number {
  if (item.kind === "stream") return weightOfStream(item);
  let weight = weights.get(item);
  if (weight === undefined) {
    weight =
      item.kind === "display"
        ? weightOfValue(item.data) + weightOfValue(item.metadata)
        : codePoints(item.name) +
          codePoints(item.message) +
          item.traceback.reduce((sum, line) => sum + codePoints(line), 0);
    weights.set(item, weight);
  }
  return weight;
}

function weightOfValue(value: unknown): number {
  if (typeof value === "string") return codePoints(value);
  if (Array.isArray(value)) {
    return value.reduce<number>((sum, inner) => sum + weightOfValue(inner), value.length);
  }
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return 8;
  return Object.entries(value).reduce(
    (sum, [key, inner]) => sum + codePoints(key) + weightOfValue(inner),
    0,
  );
}

/**
 * `outputs` ready for one more item: cleared if that waited, its line ended, and the oldest of
 * the newer items gone where there are too many.
 */
function roomForOne(outputs: Outputs): Outputs {
  if (outputs.clear_next) return cleared(outputs, false);
  const last = outputs.items.at(-1);
  if (!last) return outputs;
  const sealed: Outputs = {
    ...outputs,
    next_line: nextFreeLine(outputs),
    weight: outputs.weight + weightOf(last),
  };
  // Counted as sealed although `items` still ends with it: the new item makes it so.
  return withinBudget(sealed, FIRST + NEWEST - 1, true);
}

function withinBudget(outputs: Outputs, limit: number, allSealed = false): Outputs {
  const { items } = outputs;
  if (items.length <= limit && outputs.weight <= BUDGET) return outputs;
  const first = firstPart(items);
  let { weight } = outputs;
  const end = allSealed ? items.length : items.length - 1;
  let dropped = first;
  for (; dropped < end; dropped += 1) {
    const item = items[dropped];
    if (!item || (items.length - (dropped - first) <= limit && weight <= BUDGET)) break;
    weight -= weightOf(item);
  }
  return {
    ...outputs,
    items: [...items.slice(0, first), ...items.slice(dropped)],
    omitted_items: outputs.omitted_items + dropped - first,
    weight,
  };
}

/** How many items belong to the beginning: up to the gap where there is one. */
function firstPart(items: readonly Output[]): number {
  const begin = items[0]?.index ?? 0;
  const isWhole = (items.at(-1)?.index ?? 0) - begin === items.length - 1;
  if (isWhole) {
    let first = 0;
    let held = 0;
    for (const item of items.slice(0, FIRST)) {
      held += weightOf(item);
      if (held > FIRST_BUDGET) break;
      first += 1;
    }
    return first;
  }
  let low = 0;
  let high = items.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((items[middle]?.index ?? 0) - begin === middle) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `text`, or its two ends with a word on what is missing; never half an escape. */
export function shortened(text: string, limit: number): string {
  const length = codePoints(text);
  if (length <= limit) return text;
  const half = Math.floor(limit / 2);
  let begin = half;
  let end = length - half;
  const before = openEscape(text, begin);
  if (before && before.end >= begin) begin = before.start;
  const after = openEscape(text, end);
  if (after && after.end >= end) end = after.end + 1;
  const leftOut = `\x1b[0m … ${end - begin} characters left out … `;
  return sliced(text, 0, begin) + leftOut + sliced(text, end);
}

/** The last escape that begins within 32 characters before `point`, if it ends soon. */
function openEscape(text: string, point: number): { start: number; end: number } | null {
  const unit = unitOf(text, point);
  const from = Math.max(0, unit - 32);
  const opened = text.slice(from, unit).lastIndexOf("\x1b");
  if (opened < 0) return null;
  const finish = text.slice(from + opened, from + opened + 32).indexOf("m");
  if (finish < 0) return null;
  // From the escape to the point there are only characters of one unit, if it spans the point.
  const start = point - (unit - from - opened);
  return { start, end: start + finish };
}

function withItem(outputs: Outputs, item: Output, lines: number): Outputs {
  return {
    ...outputs,
    items: [...outputs.items, item],
    next_index: outputs.next_index + 1,
    next_line: outputs.next_line + lines,
  };
}
