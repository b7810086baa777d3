/** What is done to several files at once, told as one: moved, deleted, had back, fetched. */

import { messageOf } from "../core/message-of";
import type { Server } from "../sync/server";
import { notify } from "../ui/notices";
import { counted } from "../ui/words";
import { inFolder, move, restore, throwAway } from "./file-changes";
import { contentAddress, type FileEntry } from "./listing";
import { movedNotebook } from "./recent";

/** Their names for people: the one, or how many. */
export function namesOf(entries: readonly FileEntry[]): string {
  return entries.length === 1 ? (entries[0]?.name ?? "") : counted(entries.length, "file");
}

/** Into a folder; what cannot go there is told and stays. */
export async function moveInto(
  server: Server,
  entries: readonly FileEntry[],
  folder: string,
): Promise<void> {
  for (const { path, name } of entries) {
    if (path === null) continue;
    const to = inFolder(folder, name);
    if (to === path || folder === path) continue;
    try {
      movedNotebook(path, await move(server, path, to));
    } catch (reason) {
      notify({ text: `${name} was not moved: ${messageOf(reason)}`, tone: "failure" });
    }
  }
}

export async function deleteAll(
  server: Server,
  entries: readonly FileEntry[],
  listAgain: () => void,
): Promise<void> {
  const items: string[] = [];
  for (const { path, name } of entries) {
    if (path === null) continue;
    try {
      items.push(await throwAway(server, path));
      movedNotebook(path, null);
    } catch (reason) {
      notify({ text: `${name} was not deleted: ${messageOf(reason)}`, tone: "failure" });
    }
  }
  listAgain();
  if (items.length === 0) return;
  const back = async () => {
    for (const item of items.toReversed()) {
      try {
        await restore(server, item);
      } catch (reason) {
        notify({ text: messageOf(reason), tone: "failure" });
      }
    }
    listAgain();
  };
  const what = items.length === 1 ? namesOf(entries) : counted(items.length, "file");
  notify({
    text: `${what} ${items.length === 1 ? "is" : "are"} in the trash`,
    action: { label: "Undo", run: () => void back() },
  });
}

/** One file as it is; a folder, or several, as a zip. */
export function downloadAll(server: Server, entries: readonly FileEntry[]): void {
  const paths = entries.flatMap(({ path }) => path ?? []);
  const [only] = entries;
  if (paths.length === 0) return;
  const link = document.createElement("a");
  if (only?.path != null && entries.length === 1 && only.kind !== "folder") {
    link.href = contentAddress(server, only.path);
    link.download = only.name;
  } else {
    const query = new URLSearchParams(paths.map((path) => ["path", path]));
    link.href = server.url(`api/v1/files/archive?${query}`);
    link.download = "";
  }
  link.click();
}
