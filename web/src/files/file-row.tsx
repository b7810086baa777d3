/** One file, notebook or folder of the list, with what can be done to it. */

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Server } from "../sync/server";
import { Icon } from "../ui/icon";
import { Menu, type MenuEntry } from "../ui/menu";
import { notify } from "../ui/notices";
import { momentWords, sizeWords } from "../ui/words";
import { copy, folderOf, inFolder, move, nameBeside, restore, throwAway } from "./file-changes";
import { contentAddress, type FileEntry } from "./listing";
import { PathDialog } from "./path-dialog";
import { Place, type Places, placeOf } from "./place";
import { movedNotebook } from "./recent";

interface RowProps {
  readonly entry: FileEntry;
  readonly siblings: readonly FileEntry[];
  readonly server: Server;
  readonly places: Places;
}

export function FileRow({ entry, siblings, server, places }: RowProps) {
  const { name, path, kind, isRunning } = entry;
  const [dialog, setDialog] = useState<"rename" | "move" | null>(null);
  const queries = useQueryClient();
  const label = (
    <>
      <Icon name={kind} />
      <span className="file-name">{name}</span>
      {isRunning && <span className="file-running">kernel</span>}
      <span className="file-size">{kind === "folder" ? "" : sizeWords(entry.sizeBytes)}</span>
      <time className="file-time" dateTime={new Date(entry.modifiedAt * 1000).toISOString()}>
        {momentWords(entry.modifiedAt)}
      </time>
    </>
  );
  if (path === null) {
    return (
      <li data-kind={kind}>
        <span className="file-row">{label}</span>
      </li>
    );
  }
  const here = path;

  function listAgain() {
    void queries.invalidateQueries();
  }

  async function moveTo(to: string) {
    if (to === here) return;
    movedNotebook(here, await move(server, here, to));
    listAgain();
  }

  async function duplicate() {
    const free = nameBeside(
      name,
      siblings.map((each) => each.name),
    );
    await told(copy(server, here, inFolder(folderOf(here), free)));
    listAgain();
  }

  async function remove() {
    const itemId = await told(throwAway(server, here));
    listAgain();
    if (itemId === null) return;
    movedNotebook(here, null);
    const back = async () => {
      await told(restore(server, itemId));
      listAgain();
    };
    notify({
      text: `${name} is in the trash`,
      action: { label: "Undo", run: () => void back() },
    });
  }

  function entries(): MenuEntry[] {
    const address = placeOf(places, kind, here);
    return [
      { label: "Open", run: () => places.go(address) },
      { label: "Open in a new tab", run: () => void window.open(address, "_blank", "noopener") },
      null,
      { label: "Rename …", run: () => setDialog("rename") },
      { label: "Move …", run: () => setDialog("move") },
      ...(kind === "folder"
        ? []
        : [
            { label: "Duplicate", icon: "copy" as const, run: () => void duplicate() },
            { label: "Download", icon: "download" as const, run: () => download(server, entry) },
          ]),
      null,
      { label: "Delete", icon: "trash", danger: true, run: () => void remove() },
    ];
  }

  const dot = name.lastIndexOf(".");
  return (
    <li data-kind={kind} data-path={path}>
      <Place className="file-row" address={placeOf(places, kind, path)} places={places}>
        {label}
      </Place>
      <Menu label={`Actions for ${name}`} icon="more" className="file-menu" entries={entries} />
      {dialog === "rename" && (
        <PathDialog
          title={`Rename ${name}`}
          label="Name"
          act="Rename"
          value={name}
          selected={dot > 0 && kind !== "folder" ? dot : name.length}
          onSubmit={(next) => moveTo(inFolder(folderOf(here), next))}
          onClose={() => setDialog(null)}
        />
      )}
      {dialog === "move" && (
        <PathDialog
          title={`Move ${name}`}
          label="To the folder (empty: the uppermost)"
          act="Move"
          value={folderOf(here)}
          mayBeEmpty
          onSubmit={(folder) => moveTo(inFolder(folder.replace(/^\/+|\/+$/g, ""), name))}
          onClose={() => setDialog(null)}
        />
      )}
    </li>
  );
}

/** What came of it; null, and a notice, where it failed. */
async function told<T>(doing: Promise<T>): Promise<T | null> {
  try {
    return await doing;
  } catch (reason) {
    notify({ text: reason instanceof Error ? reason.message : String(reason), tone: "failure" });
    return null;
  }
}

function download(server: Server, { path, name }: FileEntry) {
  const link = document.createElement("a");
  link.href = contentAddress(server, path ?? "");
  link.download = name;
  link.click();
}
