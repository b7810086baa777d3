/**
 * The page's end of the kernel's debugger. What is on, set and standing is the kernel's to say:
 * each page asks it when it comes, and whenever an event tells that something changed, so all
 * pages show the same. Files are named by a cell's code, so an edit moves breakpoints there.
 */

import { messageOf } from "../core/message-of";
import { cellsIn, headsOf } from "../sync/cells";
import type { DebugEvent } from "../sync/notebook-session";
import { Adapter, type Info } from "./adapter";
import type { DebugDesk } from "./desk";
import { murmur2 } from "./murmur2";

export type Step = "continue" | "next" | "stepIn" | "stepOut";

const IDLE_WITHIN_MS = 10_000;
const PAUSE_MS = 150; // of typing, before breakpoints follow

export class Debugger {
  readonly adapter: Adapter;
  #info: Info | null = null;
  /** The file that the kernel has a cell's breakpoints in. */
  readonly #files = new Map<string, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #late = new Set<string>();
  #sending: Promise<void> = Promise.resolve();
  #stops = 0;
  #sends = 0;
  /** The kernel has no breakpoints yet: this page's count until it has them. */
  #isBeginning = false;

  constructor(private readonly desk: DebugDesk) {
    this.adapter = new Adapter(desk.session);
  }

  async begin(): Promise<void> {
    if (this.desk.session.store.current.state.kernel.phase !== "ready") {
      throw new Error("no kernel runs: start it, or run a cell, then debug");
    }
    this.desk.set({ phase: "starting", problem: null });
    this.#files.clear();
    this.#isBeginning = true;
    try {
      await this.adapter.ask("initialize", { clientID: "tailrace", adapterID: "debugpy" });
      await this.adapter.ask("attach");
      await this.adapter.ask("configurationDone");
      this.#info = await this.adapter.info();
      this.desk.set({ phase: "on" });
      await this.sent();
    } finally {
      this.#isBeginning = false;
    }
  }

  async end(): Promise<void> {
    await this.adapter.ask("disconnect", { restart: false, terminateDebuggee: false });
    this.#files.clear();
    this.desk.set({ phase: "off", stopped: null, problem: null });
  }

  /** What the kernel says now, on a page that comes or has missed something. */
  async catchUp(): Promise<void> {
    const stop = this.#stops;
    const sends = this.#sends;
    const isOurs = this.#isBeginning;
    const info = await this.adapter.info();
    this.#info = info;
    if (!info.isStarted) {
      if (this.desk.state.phase === "on") this.desk.set({ phase: "off", stopped: null });
      return;
    }
    // What was sent meanwhile is told of by another event.
    if (!isOurs && sends === this.#sends) this.#takeBreakpoints(info);
    this.desk.set({ phase: "on", stopsAtExceptions: info.stopsAtExceptions });
    if (stop !== this.#stops) return; // it stopped or went on while this was asked
    const [threadId] = info.stoppedThreads;
    if (threadId === undefined) this.desk.set({ stopped: null });
    else if (this.desk.state.stopped?.threadId !== threadId) await this.#stop(threadId, "");
  }

  #takeBreakpoints(info: Info): void {
    if (this.#late.size > 0) return; // ours are newer, and on their way
    this.#files.clear();
    const breakpoints = new Map<string, readonly number[]>();
    for (const cellId of this.#cells()) {
      const path = this.#pathOf(cellId);
      const lines = info.breakpoints.get(path);
      if (!lines) continue;
      breakpoints.set(cellId, lines);
      this.#files.set(cellId, path);
    }
    this.desk.set({ breakpoints });
  }

  happened({ event, body }: DebugEvent): Promise<void> | void {
    switch (event) {
      case "stopped": {
        const { threadId, reason } = body;
        if (typeof threadId !== "number") return;
        // One that is over by the time it is heard of was told while this page was away.
        return this.#stop(threadId, typeof reason === "string" ? reason : "").catch(() =>
          this.catchUp(),
        );
      }
      case "continued":
        this.#stops += 1;
        this.desk.set({ stopped: null });
        return;
      case "tailraceChanged":
      case "initialized":
        return this.#sending.then(() => this.catchUp());
    }
  }

  async #stop(threadId: number, reason: string): Promise<void> {
    this.#stops += 1;
    const stop = this.#stops;
    this.#info ??= await this.adapter.info();
    const places = new Map(this.#cells().map((cellId) => [this.#pathOf(cellId), cellId] as const));
    const found = await this.adapter.frames(threadId);
    const frames = found.map((frame) => ({ ...frame, cellId: places.get(frame.path) ?? null }));
    if (stop !== this.#stops) return; // it went on meanwhile
    const stopped = { threadId, reason, frames, frame: null, scopes: [] };
    this.desk.set({ phase: "on", stopped });
    const [top] = frames;
    if (top) await this.look(top.id);
  }

  async look(frameId: number): Promise<void> {
    const { stopped } = this.desk.state;
    const frame = stopped?.frames.find((each) => each.id === frameId);
    if (!stopped || !frame) return;
    this.desk.set({ stopped: { ...stopped, frame: frameId, scopes: [] } });
    if (frame.cellId !== null) this.desk.onStop(frame.cellId);
    const stop = this.#stops;
    const scopes = await this.adapter.scopes(frameId);
    const now = this.desk.state.stopped;
    if (stop === this.#stops && now?.frame === frameId) {
      this.desk.set({ stopped: { ...now, scopes } });
    }
  }

  async step(step: Step): Promise<void> {
    const { stopped } = this.desk.state;
    if (!stopped) return;
    this.#stops += 1;
    this.desk.set({ stopped: null });
    await this.adapter.ask(step, { threadId: stopped.threadId });
  }

  /** Code that stands hears no interrupt: it goes on, past all else that would stop it. */
  async interrupt(submit: () => void): Promise<void> {
    const info = await this.adapter.info();
    for (const path of info.breakpoints.keys()) await this.#put(path, []);
    await this.adapter.ask("setExceptionBreakpoints", { filters: [] });
    await this.step("continue");
    submit();
    await this.#untilIdle();
    for (const [path, lines] of info.breakpoints) await this.#put(path, lines);
    if (info.stopsAtExceptions) await this.stopAtExceptions(true);
  }

  #untilIdle(): Promise<void> {
    const { store } = this.desk.session;
    return new Promise((resolve) => {
      const stop = store.subscribe(() => look());
      const look = () => {
        if (store.current.state.running !== null) return;
        stop();
        clearTimeout(late);
        resolve();
      };
      const late = setTimeout(() => {
        stop();
        resolve(); // it does not let itself be interrupted; breakpoints come back all the same
      }, IDLE_WITHIN_MS);
      look();
    });
  }

  async stopAtExceptions(stops: boolean): Promise<void> {
    this.desk.set({ stopsAtExceptions: stops });
    await this.adapter.ask("setExceptionBreakpoints", { filters: stops ? ["raised"] : [] });
  }

  // ── breakpoints ────────────────────────────────────────────────────────────

  sendSoon(cellId: string): Promise<void> {
    this.#late.add(cellId);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.sent(), PAUSE_MS);
    return Promise.resolve();
  }

  /** All that waits is sent; resolves when the kernel has it. */
  sent(): Promise<void> {
    clearTimeout(this.#timer);
    const late = new Set(this.#late);
    this.#late.clear();
    // Somebody else may have edited a cell that has no editor here.
    for (const cellId of this.desk.state.breakpoints.keys()) {
      if (this.#files.get(cellId) !== this.#pathOf(cellId)) late.add(cellId);
    }
    for (const cellId of late) void this.send(cellId);
    return this.#sending;
  }

  /** One after the other: two answers for one file could cross. */
  send(cellId: string): Promise<void> {
    this.#sends += 1;
    this.#sending = this.#sending
      .then(() => this.#sendNow(cellId))
      .catch((problem: unknown) => {
        this.desk.set({ problem: messageOf(problem) });
      });
    return this.#sending;
  }

  async #sendNow(cellId: string): Promise<void> {
    if (this.desk.state.phase !== "on") return;
    const path = this.#pathOf(cellId);
    const before = this.#files.get(cellId);
    const lines = this.desk.linesOf(cellId);
    if (before !== undefined && before !== path) await this.#put(before, []);
    this.#files.delete(cellId);
    if (lines.length === 0) {
      if (before === path) await this.#put(path, []);
      return;
    }
    await this.adapter.ask("dumpCell", { code: this.#sourceOf(cellId) });
    await this.#put(path, lines);
    this.#files.set(cellId, path);
  }

  async #put(path: string, lines: readonly number[]): Promise<void> {
    const breakpoints = lines.map((line) => ({ line }));
    await this.adapter.ask("setBreakpoints", { source: { path }, breakpoints });
  }

  // ── cells ──────────────────────────────────────────────────────────────────

  #cells(): readonly string[] {
    const heads = headsOf(cellsIn(this.desk.session.document.doc));
    return heads.flatMap(({ cell_id, kind }) => (kind === "code" ? [cell_id] : []));
  }

  #sourceOf(cellId: string): string {
    return this.desk.session.document.source(cellId)?.toString() ?? "";
  }

  #pathOf(cellId: string): string {
    const { prefix, suffix, seed } = this.#info ?? { prefix: "", suffix: "", seed: 0 };
    return `${prefix}${murmur2(this.#sourceOf(cellId), seed)}${suffix}`;
  }
}
