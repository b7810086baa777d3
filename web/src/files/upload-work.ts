/**
 * Uploads under way, for whoever shows them: one file after the other, large ones in pieces, so
 * that there is something to tell and a break costs one piece. They go on while one looks at
 * other pages of this page.
 */

import { messageOf } from "../core/message-of";
import type { Server } from "../sync/server";
import { notify } from "../ui/notices";
import { counted } from "../ui/words";
import { folderOf, inFolder, nameBeside, upload } from "./file-changes";
import { create, listFolder } from "./listing";

/** A file to be put into a folder; `path` is below that folder. */
export interface Given {
  readonly path: string;
  readonly file: File;
}

export interface UploadState {
  readonly files: number;
  readonly done: number;
  readonly bytes: number;
  readonly sent: number;
  readonly name: string;
}

const PIECE_BYTES = 8 << 20;
const TRIES = 3;

let state: UploadState | null = null;
let stop: AbortController | null = null;
const listeners = new Set<() => void>();

function tell(next: UploadState | null) {
  state = next;
  for (const listener of listeners) listener();
}

export function subscribeToUploads(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function uploadState(): UploadState | null {
  return state;
}

export function cancelUploads(): void {
  stop?.abort();
}

/** Puts all of them there; `placed` is called whenever a file has its place. */
export async function uploadAll(
  server: Server,
  folder: string,
  given: readonly Given[],
  placed: () => void,
): Promise<void> {
  if (given.length === 0) return;
  if (state !== null) {
    notify({ text: "Another upload is under way; wait until it is done.", tone: "failure" });
    return;
  }
  const control = new AbortController();
  stop = control;
  const bytes = given.reduce((sum, { file }) => sum + file.size, 0);
  let sent = 0;
  let done = 0;
  const show = (name: string, more = 0) =>
    tell({ files: given.length, done, bytes, sent: sent + more, name });
  const leave = (event: BeforeUnloadEvent) => event.preventDefault();
  window.addEventListener("beforeunload", leave);
  try {
    const renamed = await makeFolders(server, folder, given);
    const taken = (await listFolder(server, folder)).map(({ name }) => name);
    for (const { path, file } of given) {
      if (control.signal.aborted) break;
      show(file.name);
      try {
        const to = path.includes("/") ? moved(path, renamed) : nameBeside(path, taken);
        await put(server, inFolder(folder, to), file, control.signal, (more) =>
          show(file.name, more),
        );
        if (!to.includes("/")) taken.push(to);
        done += 1;
        placed();
      } catch (reason) {
        if (control.signal.aborted) break;
        const why = messageOf(reason);
        notify({ text: `${path} was not uploaded: ${why}`, tone: "failure" });
      }
      sent += file.size;
    }
    if (done > 0) notify({ text: `${counted(done, "file")} uploaded` });
    if (control.signal.aborted) notify({ text: "The upload was stopped." });
  } finally {
    window.removeEventListener("beforeunload", leave);
    stop = null;
    tell(null);
    placed();
  }
}

/** The folders that the files need. The uppermost gets another name where its own is taken, so
 * that nothing is mixed; how each is called now. */
async function makeFolders(
  server: Server,
  folder: string,
  given: readonly Given[],
): Promise<ReadonlyMap<string, string>> {
  const wanted = new Set<string>();
  for (const { path } of given) {
    for (let each = folderOf(path); each !== ""; each = folderOf(each)) wanted.add(each);
  }
  const renamed = new Map<string, string>();
  if (wanted.size === 0) return renamed;
  const taken = (await listFolder(server, folder)).map(({ name }) => name);
  for (const path of [...wanted].sort((a, b) => a.split("/").length - b.split("/").length)) {
    if (!path.includes("/")) {
      const name = nameBeside(path, taken);
      renamed.set(path, name);
      taken.push(name);
    }
    await create(server, inFolder(folder, moved(path, renamed)), "folder");
  }
  return renamed;
}

function moved(path: string, renamed: ReadonlyMap<string, string>): string {
  const [top = "", ...rest] = path.split("/");
  return [renamed.get(top) ?? top, ...rest].join("/");
}

async function put(
  server: Server,
  path: string,
  file: File,
  signal: AbortSignal,
  onSent: (bytes: number) => void,
): Promise<void> {
  if (file.size <= PIECE_BYTES) {
    await upload(server, path, file);
    return;
  }
  const begun = await server.request("POST", "api/v1/uploads", { path, size: file.size });
  const { upload_id: id } = (await begun.json()) as { readonly upload_id: string };
  try {
    for (let at = 0; at < file.size; at += PIECE_BYTES) {
      await piece(server, id, at, file.slice(at, at + PIECE_BYTES), signal);
      onSent(Math.min(file.size, at + PIECE_BYTES));
    }
    await server.request("POST", `api/v1/uploads/${id}/finish`);
  } catch (reason) {
    // What was sent is let go of; the server does so too, after a while.
    await server.request("DELETE", `api/v1/uploads/${id}`).catch(() => {});
    throw reason;
  }
}

async function piece(server: Server, id: string, at: number, body: Blob, signal: AbortSignal) {
  for (let left = TRIES; ; left -= 1) {
    try {
      await server.request("PUT", `api/v1/uploads/${id}?from=${at}`, body, signal);
      return;
    } catch (reason) {
      const isAway = reason instanceof Error && "status" in reason && reason.status === 0;
      if (signal.aborted || left <= 1 || !isAway) throw reason;
    }
  }
}

// ── what was dropped ─────────────────────────────────────────────────────────

/** The files that were dropped, those in folders too. */
export async function droppedFiles(carried: DataTransfer): Promise<Given[]> {
  // Both are only there during the event: taken before anything is waited for.
  const entries = [...carried.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const plain = [...carried.files];
  if (entries.every((entry) => entry === null)) {
    return plain.map((file) => ({ path: file.name, file }));
  }
  const found: Given[] = [];
  for (const entry of entries) {
    if (entry) await gather(entry, "", found);
  }
  return found;
}

async function gather(entry: FileSystemEntry, above: string, found: Given[]): Promise<void> {
  const path = inFolder(above, entry.name);
  if (isFile(entry)) {
    const file = await new Promise<File>((resolve, fail) => entry.file(resolve, fail));
    found.push({ path, file });
  } else if (isFolder(entry)) {
    const reader = entry.createReader();
    for (;;) {
      // It gives some hundred at a time, and none at the end.
      const some = await new Promise<FileSystemEntry[]>((resolve, fail) =>
        reader.readEntries(resolve, fail),
      );
      if (some.length === 0) break;
      for (const each of some) await gather(each, path, found);
    }
  }
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

function isFolder(entry: FileSystemEntry): entry is FileSystemDirectoryEntry {
  return entry.isDirectory;
}

/** The files chosen in a field; those of a folder keep their places in it. */
export function chosenFiles(field: HTMLInputElement): Given[] {
  return [...(field.files ?? [])].map((file) => ({
    path: file.webkitRelativePath || file.name,
    file,
  }));
}
