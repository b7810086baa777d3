/**
 * What a notebook's page knows of its debugger before, and while, it debugs: where breakpoints
 * are, where the code stands (KER-51 to 53, PAGE-60 to 62). A plain store, one per notebook. The
 * debugger itself is fetched when it is first turned on, here or by another page.
 */

import { messageOf } from "../core/message-of";
import type { NotebookSession } from "../sync/notebook-session";
import type { Frame, Scope } from "./adapter";
import type { Debugger, Step } from "./debugger";
import { keepBreakpoints, keptBreakpoints } from "./kept-breakpoints";

export interface DebugState {
  readonly phase: "off" | "starting" | "on";
  /** What went wrong when it was last asked for something. */
  readonly problem: string | null;
  /** Lines from 1, by cell. */
  readonly breakpoints: ReadonlyMap<string, readonly number[]>;
  readonly stopsAtExceptions: boolean;
  readonly stopped: Stopped | null;
}

export interface Stopped {
  readonly threadId: number;
  /** As the protocol has it: `breakpoint`, `step`, `exception`. */
  readonly reason: string;
  readonly frames: readonly CellFrame[];
  /** The id of the frame that is looked at. */
  readonly frame: number | null;
  readonly scopes: readonly Scope[];
}

/** `cellId` is null where the code is of no cell of this notebook. */
export interface CellFrame extends Frame {
  readonly cellId: string | null;
}

const OFF: DebugState = {
  phase: "off",
  problem: null,
  breakpoints: new Map(),
  stopsAtExceptions: false,
  stopped: null,
};

const NO_LINES: readonly number[] = [];

export class DebugDesk {
  #state = OFF;
  readonly #listeners = new Set<() => void>();
  #debugger: Promise<Debugger> | null = null;
  /** The notebook whose kept breakpoints are here. */
  #keptFor: string | null = null;
  /** Called with the cell that the code has come to stand in. */
  onStop: (cellId: string) => void = () => {};

  constructor(readonly session: NotebookSession) {}

  get state(): DebugState {
    return this.#state;
  }

  set(changed: Partial<DebugState>): void {
    this.#state = { ...this.#state, ...changed };
    if (changed.breakpoints && this.#keptFor !== null) {
      keepBreakpoints(this.#keptFor, changed.breakpoints);
    }
    for (const listener of [...this.#listeners]) listener();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  getSnapshot = (): DebugState => this.#state;

  linesOf(cellId: string): readonly number[] {
    return this.#state.breakpoints.get(cellId) ?? NO_LINES;
  }

  /** The line of this cell that is looked at, and whether it is where the code stands. */
  standingIn(cellId: string): { readonly line: number; readonly isTop: boolean } | null {
    const { stopped } = this.#state;
    const frame = stopped?.frames.find((each) => each.id === stopped.frame);
    if (!stopped || !frame || frame.cellId !== cellId) return null;
    return { line: frame.line, isTop: stopped.frames[0]?.id === frame.id };
  }

  /** Python of ours, whose variables and breakpoints can be had. */
  get isPossible(): boolean {
    const { interpreter } = this.session.store.current.state.kernel;
    return !interpreter?.startsWith("kernelspec:");
  }

  loaded(): Promise<Debugger> {
    this.#debugger ??= import("./debugger").then(({ Debugger }) => new Debugger(this));
    this.#debugger.catch(() => {
      this.#debugger = null; // the server is away; asked for again it is fetched again
    });
    return this.#debugger;
  }

  async #with(act: (debug: Debugger) => Promise<void>): Promise<void> {
    try {
      await act(await this.loaded());
    } catch (problem) {
      const reason = messageOf(problem);
      const phase = this.#state.phase === "starting" ? "off" : this.#state.phase;
      this.set({ problem: reason, phase });
    }
  }

  toggle(): Promise<void> {
    return this.#with((debug) => (this.#state.phase === "off" ? debug.begin() : debug.end()));
  }

  /** Turns the debugger on where it is off: who sets a breakpoint wants to stop there. */
  async toggleBreakpoint(cellId: string, line: number): Promise<void> {
    const before = this.linesOf(cellId);
    const isTaken = before.includes(line);
    const lines = isTaken
      ? before.filter((each) => each !== line)
      : [...before, line].sort((one, other) => one - other);
    this.place(cellId, lines);
    const isOff = this.#state.phase === "off";
    if (isOff && isTaken) return;
    await this.#with((debug) => (isOff ? debug.begin() : debug.send(cellId)));
  }

  /** The text changed around them. */
  moved(cellId: string, lines: readonly number[]): void {
    this.place(cellId, lines);
    if (this.#state.phase === "on") void this.#with((debug) => debug.sendSoon(cellId));
  }

  place(cellId: string, lines: readonly number[]): void {
    const breakpoints = new Map(this.#state.breakpoints);
    if (lines.length > 0) breakpoints.set(cellId, lines);
    else breakpoints.delete(cellId);
    this.set({ breakpoints });
  }

  stopAtExceptions(stops: boolean): Promise<void> {
    return this.#with((debug) => debug.stopAtExceptions(stops));
  }

  step(step: Step): Promise<void> {
    return this.#with((debug) => debug.step(step));
  }

  look(frameId: number): Promise<void> {
    return this.#with((debug) => debug.look(frameId));
  }

  /** Resolves when breakpoints are where the texts now have them: then a cell may run. */
  async ready(): Promise<void> {
    if (this.#state.phase === "on") await this.#with((debug) => debug.sent());
  }

  /** `submit` asks the kernel to interrupt; code that stands is let go first. */
  interrupt(submit: () => void): void {
    if (this.#state.stopped) void this.#with((debug) => debug.interrupt(submit));
    else submit();
  }

  /** Asked without the debugger's own code, which most pages never need. */
  async #catchUp(): Promise<void> {
    const { notebookId, server } = this.session;
    if (notebookId === null) return;
    try {
      const path = `api/v1/notebooks/${notebookId}/debug`;
      const answer = await server.request("POST", path, { command: "debugInfo" });
      const { body } = (await answer.json()) as { body?: { isStarted?: unknown } };
      if (body?.isStarted !== true) return;
    } catch {
      return; // the kernel has just gone, or the server is away: both are said elsewhere
    }
    await this.#with((debug) => debug.catchUp());
  }

  /** What was set here before, until the kernel says what it has. */
  #recall(): void {
    const { notebookId } = this.session;
    if (notebookId === null || notebookId === this.#keptFor) return;
    this.#keptFor = notebookId;
    const kept = keptBreakpoints(notebookId);
    if (kept.size > 0 && this.#state.breakpoints.size === 0) this.set({ breakpoints: kept });
  }

  /** Watches until the returned function is called. Another page may be debugging already. */
  watch(): () => void {
    let asked: string | null = null;
    let wasStarting = false;
    const look = () => {
      this.#recall();
      const { kernel } = this.session.store.current.state;
      if (kernel.phase === "starting") wasStarting = true;
      const id = kernel.phase === "ready" ? kernel.kernel_id : null;
      if (id === asked) return;
      const was = asked;
      asked = id;
      if (was !== null) this.set({ phase: "off", stopped: null, problem: null });
      const may = this.session.store.current.notebook?.may ?? [];
      const isNew = wasStarting; // nobody debugs one that has just begun
      if (id !== null) wasStarting = false;
      if (id === null || isNew || !this.isPossible || !may.includes("run")) return;
      void this.#catchUp();
    };
    const stopStore = this.session.store.subscribe(look);
    const stopEvents = this.session.onDebugger((event) => {
      if (event === null) asked = null;
      if (event === null) look();
      else void this.#with(async (debug) => debug.happened(event));
    });
    look();
    return () => {
      stopStore();
      stopEvents();
    };
  }
}
