/**
 * The lines of one stream output by number: those the page holds, and those only the log
 * has, fetched by page when somebody looks at them.
 *
 * A plain store: `subscribe` tells when lines arrived or the count changed.
 */

import type { StreamOutput } from "../../protocol/generated";
import type { Match, Transcript } from "../transcript";
import { lineCount } from "./text-parts";

const PAGE = 1_000; // lines a request; a screen shows about 30
const PAGES_KEPT = 40; // about 4 MB of ordinary lines
const LOCAL_MATCHES = 500;

export interface Found {
  readonly matches: readonly Match[];
  readonly next: number | null;
}

export class LineSource {
  count = 0;
  private head: readonly string[] = [];
  private tail: readonly string[] = [];
  private start = 0;
  private omits = false;
  private shown: StreamOutput | null = null;
  private readonly pages = new Map<number, readonly string[]>();
  private readonly asked = new Set<number>();
  private readonly listeners = new Set<() => void>();
  private changes = 0;

  constructor(private readonly transcript: Transcript) {}

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** A number that grows with every change, for React. */
  version = (): number => this.changes;

  update(output: StreamOutput): void {
    if (output === this.shown) return;
    this.shown = output;
    this.omits = output.omitted_lines > 0 || output.omitted_chars > 0;
    this.start = output.start_line;
    const last = output.tail || output.head;
    this.count = lineCount(output.lines, last);
    this.head = complete(output.head, this.omits);
    // The first line of the tail was cut somewhere in its middle.
    this.tail = this.omits ? complete(output.tail, false).slice(1) : [];
    this.changed();
  }

  /** The line, or null while it is on its way. */
  line(number: number): string | null {
    const held = this.held(number);
    if (held !== null) return held;
    const page = Math.floor(number / PAGE);
    return this.pages.get(page)?.[number - page * PAGE] ?? null;
  }

  /** Fetches what lies between the two lines and is not here. */
  want(from: number, to: number): void {
    for (let page = Math.floor(from / PAGE); page <= Math.floor(to / PAGE); page += 1) {
      const first = Math.max(from, page * PAGE);
      const last = Math.min(to, page * PAGE + PAGE - 1, this.count - 1);
      const missing = this.line(first) === null || this.line(last) === null;
      if (missing && !this.asked.has(page)) void this.fetch(page);
    }
  }

  /**
   * Matches from line `from` on. The log looks through a part at a time: it is asked on until
   * something is found, and `next` says where to go on from (null: all was looked at).
   * `reached` hears how far it is. Ends without matches when `signal` is aborted.
   */
  async search(
    query: string,
    from: number,
    { reached, signal }: { reached: (line: number) => void; signal: AbortSignal },
  ): Promise<Found> {
    if (!this.omits) return this.searchHere(query, from);
    let next: number | null = from;
    while (next !== null && !signal.aborted) {
      reached(next);
      const found = await this.transcript.search(query, this.start + next);
      const matches = found.matches
        .map((match) => ({ ...match, line: match.line - this.start }))
        .filter((match) => match.line < this.count);
      next = found.next === null ? null : found.next - this.start;
      if (next !== null && next >= this.count) next = null;
      if (matches.length > 0) return { matches, next };
    }
    return { matches: [], next: null };
  }

  private searchHere(query: string, from: number): Found {
    const wanted = query.toLowerCase();
    const matches: Match[] = [];
    for (let line = from; line < this.head.length; line += 1) {
      const text = this.head[line] ?? "";
      const column = text.toLowerCase().indexOf(wanted);
      if (column >= 0) matches.push({ line, column, text });
      if (matches.length === LOCAL_MATCHES) return { matches, next: line + 1 };
    }
    return { matches, next: null };
  }

  private held(number: number): string | null {
    if (number < this.head.length) return this.head[number] ?? null;
    const inTail = number - (this.count - this.tail.length);
    return inTail >= 0 ? (this.tail[inTail] ?? null) : null;
  }

  private async fetch(page: number): Promise<void> {
    this.asked.add(page);
    try {
      const lines: string[] = [];
      while (lines.length < PAGE) {
        const from = page * PAGE + lines.length;
        const got = await this.transcript.lines(this.start + from, PAGE - lines.length);
        if (got.length === 0) break;
        lines.push(...got);
      }
      // A page that the output had not filled yet is asked for again.
      if (lines.length < PAGE) this.asked.delete(page);
      this.pages.set(page, lines);
      for (const old of this.pages.keys()) {
        if (this.pages.size <= PAGES_KEPT) break;
        this.pages.delete(old);
        this.asked.delete(old);
      }
    } catch {
      // The rows keep saying that they wait; a later look asks again.
      this.asked.delete(page);
    }
    this.changed();
  }

  private changed(): void {
    this.changes += 1;
    for (const listener of this.listeners) listener();
  }
}

/** Lines of `text`; without its last when that one goes on elsewhere. */
function complete(text: string, isCut: boolean): string[] {
  const lines = text.split("\n");
  if (isCut || lines.at(-1) === "") lines.pop();
  return lines;
}
