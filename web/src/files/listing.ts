/** What the server tells of folders and kernels, read into our types at the door. */

import type { Server } from "../sync/server";

export interface FileEntry {
  readonly name: string;
  /** Null for what can be seen but not opened. */
  readonly path: string | null;
  readonly kind: "folder" | "notebook" | "file" | "other";
  readonly isLink: boolean;
  readonly sizeBytes: number;
  /** Seconds since the epoch. */
  readonly modifiedAt: number;
  readonly isRunning: boolean;
}

export interface RunningKernel {
  readonly kernelId: string;
  readonly notebook: string;
  readonly path: string | null;
  readonly python: string;
  readonly memoryBytes: number | null;
  readonly isRunning: boolean;
  readonly isAlive: boolean;
}

type Json = { readonly [key: string]: unknown };

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function listOf<T>(body: unknown, name: string, read: (each: Json) => T | null): T[] {
  const list = isObject(body) ? body[name] : null;
  if (!Array.isArray(list)) throw new Error(`the server's answer has no ${name}`);
  return list.filter(isObject).flatMap((each) => read(each) ?? []);
}

const text = (value: unknown) => (typeof value === "string" ? value : "");
const textOrNull = (value: unknown) => (typeof value === "string" ? value : null);
const number = (value: unknown) => (typeof value === "number" ? value : 0);

function entryOf(given: Json): FileEntry | null {
  const { kind } = given;
  if (kind !== "folder" && kind !== "notebook" && kind !== "file" && kind !== "other") return null;
  return {
    kind,
    name: text(given.name),
    path: kind === "other" ? null : textOrNull(given.path),
    isLink: given.is_link === true,
    sizeBytes: number(given.size_bytes),
    modifiedAt: number(given.modified_at),
    isRunning: given.running === true,
  };
}

function kernelOf(given: Json): RunningKernel {
  return {
    kernelId: text(given.kernel_id),
    notebook: text(given.notebook),
    path: textOrNull(given.path),
    python: text(given.python),
    memoryBytes: typeof given.memory_bytes === "number" ? given.memory_bytes : null,
    isRunning: given.running === true,
    isAlive: given.alive !== false,
  };
}

export async function listFolder(server: Server, path: string): Promise<FileEntry[]> {
  const address = `api/v1/files?path=${encodeURIComponent(path)}`;
  return listOf(await (await server.request("GET", address)).json(), "entries", entryOf);
}

export async function create(
  server: Server,
  path: string,
  kind: "notebook" | "folder",
  kernel: string | null = null,
): Promise<string> {
  const wanted = kernel === null ? { path, kind } : { path, kind, kernel };
  const answer = await server.request("POST", "api/v1/files", wanted);
  const made: unknown = await answer.json();
  return isObject(made) ? (textOrNull(made.path) ?? path) : path;
}

export function contentAddress(server: Server, path: string): string {
  return server.url(`api/v1/files/content?path=${encodeURIComponent(path)}`);
}

export async function listKernels(server: Server): Promise<RunningKernel[]> {
  return listOf(await (await server.request("GET", "api/v1/kernels")).json(), "kernels", kernelOf);
}

export async function stopKernel(server: Server, kernelId: string): Promise<void> {
  await server.request("DELETE", `api/v1/kernels/${kernelId}`);
}

/** `Untitled.ipynb`, then `Untitled 2.ipynb`: the first name nobody has. */
export function freeName(taken: readonly string[], base = "Untitled", ending = ".ipynb"): string {
  const names = new Set(taken.map((name) => name.toLowerCase()));
  for (let count = 1; ; count += 1) {
    const name = count === 1 ? `${base}${ending}` : `${base} ${count}${ending}`;
    if (!names.has(name.toLowerCase())) return name;
  }
}
