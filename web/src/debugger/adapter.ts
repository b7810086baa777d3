/** The kernel's debugger, asked over HTTP (KER-51), its answers decoded at the door. */

import type { NotebookSession } from "../sync/notebook-session";

type Json = { readonly [key: string]: unknown };

export interface Info {
  readonly isStarted: boolean;
  readonly seed: number;
  readonly prefix: string;
  readonly suffix: string;
  /** Lines by the file of a cell's code. */
  readonly breakpoints: ReadonlyMap<string, readonly number[]>;
  readonly stoppedThreads: readonly number[];
  readonly stopsAtExceptions: boolean;
}

export interface Frame {
  readonly id: number;
  readonly name: string;
  readonly line: number;
  readonly path: string;
}

/** `reference` is what its parts are asked for by; 0: it has none. */
export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly type: string;
  readonly reference: number;
}

export interface Scope {
  readonly name: string;
  readonly reference: number;
}

const text = (value: unknown) => (typeof value === "string" ? value : "");
const number = (value: unknown) => (typeof value === "number" ? value : 0);
const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null;
const objects = (value: unknown) => (Array.isArray(value) ? value.filter(isObject) : []);

export class Adapter {
  constructor(private readonly session: NotebookSession) {}

  /** The body of a good response. Rejects with what the debugger says is wrong. */
  async ask(command: string, given: Json = {}): Promise<Json> {
    const { notebookId, server } = this.session;
    if (notebookId === null) throw new Error("the notebook is not open yet");
    const path = `api/v1/notebooks/${notebookId}/debug`;
    const response = await server.request("POST", path, { command, arguments: given });
    const answer: unknown = await response.json();
    if (!isObject(answer)) throw new Error("the debugger's answer cannot be read");
    if (answer.success !== true) throw new Error(text(answer.message) || "the debugger refused");
    return isObject(answer.body) ? answer.body : {};
  }

  async info(): Promise<Info> {
    const body = await this.ask("debugInfo");
    const breakpoints = objects(body.breakpoints).map(
      (each) =>
        [text(each.source), objects(each.breakpoints).map(({ line }) => number(line))] as const,
    );
    return {
      isStarted: body.isStarted === true,
      seed: number(body.hashSeed),
      prefix: text(body.tmpFilePrefix),
      suffix: text(body.tmpFileSuffix),
      breakpoints: new Map(breakpoints),
      stoppedThreads: Array.isArray(body.stoppedThreads) ? body.stoppedThreads.map(number) : [],
      stopsAtExceptions:
        Array.isArray(body.exceptionFilters) && body.exceptionFilters.includes("raised"),
    };
  }

  async frames(threadId: number): Promise<readonly Frame[]> {
    const body = await this.ask("stackTrace", { threadId });
    return objects(body.stackFrames).map(({ id, name, line, source }) => ({
      id: number(id),
      name: text(name),
      line: number(line),
      path: isObject(source) ? text(source.path) : "",
    }));
  }

  async scopes(frameId: number): Promise<readonly Scope[]> {
    const body = await this.ask("scopes", { frameId });
    return objects(body.scopes).map(({ name, variablesReference }) => ({
      name: text(name),
      reference: number(variablesReference),
    }));
  }

  async variables(reference: number): Promise<readonly Variable[]> {
    const body = await this.ask("variables", { variablesReference: reference });
    return objects(body.variables).map(({ name, value, type, variablesReference }) => ({
      name: text(name),
      value: text(value),
      type: text(type),
      reference: number(variablesReference),
    }));
  }

  async evaluate(expression: string, frameId: number): Promise<Variable> {
    const found = await this.ask("evaluate", { expression, frameId, context: "repl" });
    return {
      name: expression,
      value: text(found.result),
      type: text(found.type),
      reference: number(found.variablesReference),
    };
  }
}
