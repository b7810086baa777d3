/** What is done to files: renamed, copied, thrown away and back, uploaded, found (PAGE-4 to 8). */

import type { Server } from "../sync/server";

export interface TrashItem {
  readonly itemId: string;
  readonly path: string;
  readonly kind: string;
  readonly sizeBytes: number;
  /** Seconds since the epoch. */
  readonly deletedAt: number;
}

export interface FoundFile {
  readonly path: string;
  readonly kind: "folder" | "notebook" | "file";
  readonly isInName: boolean;
  readonly matches: readonly FoundMatch[];
  readonly more: number;
}

export interface FoundMatch {
  readonly where: string;
  /** From 0; null outside of notebooks. */
  readonly cell: number | null;
  readonly line: number;
  readonly text: string;
}

export interface Findings {
  readonly files: readonly FoundFile[];
  readonly isComplete: boolean;
}

type Json = { readonly [key: string]: unknown };

function objectOf(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

function listOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(objectOf) : [];
}

const text = (value: unknown) => (typeof value === "string" ? value : "");
const number = (value: unknown) => (typeof value === "number" ? value : 0);
const within = (path: string) => `path=${encodeURIComponent(path)}`;

async function pathOf(answer: Response, otherwise: string): Promise<string> {
  const { path } = objectOf(await answer.json());
  return typeof path === "string" ? path : otherwise;
}

/** Gives the new path. */
export async function move(server: Server, path: string, to: string): Promise<string> {
  return pathOf(await server.request("PATCH", "api/v1/files", { path, to }), to);
}

export async function copy(server: Server, path: string, to: string): Promise<string> {
  return pathOf(await server.request("POST", "api/v1/files/copy", { path, to }), to);
}

/** Into the trash; gives the item to have it back by. */
export async function throwAway(server: Server, path: string): Promise<string> {
  const answer = await server.request("DELETE", `api/v1/files?${within(path)}`);
  return text(objectOf(await answer.json()).item_id);
}

export async function listTrash(server: Server): Promise<TrashItem[]> {
  const answer = objectOf(await (await server.request("GET", "api/v1/trash")).json());
  return listOf(answer.items).map((item) => ({
    itemId: text(item.item_id),
    path: text(item.path),
    kind: text(item.kind),
    sizeBytes: number(item.size_bytes),
    deletedAt: number(item.deleted_at),
  }));
}

/** Gives the path where it is now. */
export async function restore(server: Server, itemId: string): Promise<string> {
  return pathOf(await server.request("POST", `api/v1/trash/${itemId}/restore`), "");
}

export async function deleteForGood(server: Server, itemId: string): Promise<void> {
  await server.request("DELETE", `api/v1/trash/${itemId}`);
}

export async function upload(server: Server, path: string, file: Blob): Promise<string> {
  const address = `api/v1/files/content?${within(path)}`;
  return pathOf(await server.request("PUT", address, file), path);
}

export async function searchFiles(
  server: Server,
  query: string,
  signal: AbortSignal,
): Promise<Findings> {
  const address = `api/v1/search?query=${encodeURIComponent(query)}`;
  return findingsOf(await (await server.request("GET", address, undefined, signal)).json());
}

export function findingsOf(answer: unknown): Findings {
  const { files, complete } = objectOf(answer);
  return {
    isComplete: complete !== false,
    files: listOf(files).flatMap((file): FoundFile[] => {
      const { kind } = file;
      if (kind !== "folder" && kind !== "notebook" && kind !== "file") return [];
      return [
        {
          kind,
          path: text(file.path),
          isInName: file.in_name === true,
          more: number(file.more),
          matches: listOf(file.matches).map((match) => ({
            where: text(match.where),
            cell: typeof match.cell === "number" ? match.cell : null,
            line: number(match.line),
            text: text(match.text),
          })),
        },
      ];
    }),
  };
}

/** `a b 2.csv` for `a b.csv`: the first name nobody in the folder has. */
export function nameBeside(name: string, taken: readonly string[]): string {
  const names = new Set(taken.map((each) => each.toLowerCase()));
  if (!names.has(name.toLowerCase())) return name;
  const dot = name.lastIndexOf(".");
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  const base = stem.replace(/ \d+$/, "");
  for (let count = 2; ; count += 1) {
    const next = `${base} ${count}${ending}`;
    if (!names.has(next.toLowerCase())) return next;
  }
}

export function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

export function inFolder(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}
