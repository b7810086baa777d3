/** One file, notebook or folder of the list, with what can be done to it. Its name may hold
 * anything: it is shown as one line, turned by nothing that stands around it. */

import { useQueryClient } from "@tanstack/react-query";
import { type DragEvent, type MouseEvent, useState } from "react";
import { messageOf } from "../core/message-of";
import type { Server } from "../sync/server";
import { Icon } from "../ui/icon";
import { Menu, type MenuEntry } from "../ui/menu";
import { notify } from "../ui/notices";
import { momentWords, sizeWords } from "../ui/words";
import { useMoveTarget } from "./dropped";
import { deleteAll, downloadAll } from "./file-acts";
import { copy, folderOf, inFolder, move, nameBeside } from "./file-changes";
import type { FileEntry } from "./listing";
import { PathDialog } from "./path-dialog";
import { Place, type Places, placeOf } from "./place";
import { movedNotebook } from "./recent";
import type { Press } from "./selection";
import { mayBeNotebook } from "./view-kinds";

interface RowProps {
  readonly entry: FileEntry;
  readonly siblings: readonly FileEntry[];
  readonly server: Server;
  readonly places: Places;
  readonly index: number;
  readonly count: number;
  /** Where it stands in the list, in pixels. */
  readonly top: number;
  readonly isChosen: boolean;
  /** Whether Tab stops here: one row of the list. */
  readonly isStop: boolean;
  readonly isRenaming: boolean;
  readonly onRename: (isOn: boolean) => void;
  readonly onChoose: (by: Press) => void;
  readonly onDragStart: (event: DragEvent) => void;
  readonly onDropped: (paths: readonly string[], folder: string) => Promise<void>;
}

export function FileRow(props: RowProps) {
  const { entry, siblings, server, places, index, count, top, isChosen, isStop } = props;
  const { name, path, kind, isRunning } = entry;
  const [isMoving, setMoving] = useState(false);
  const queries = useQueryClient();
  const isFolder = kind === "folder" && path !== null;
  const { isOver, target } = useMoveTarget(
    isFolder ? (paths) => void props.onDropped(paths, path) : null,
  );
  const row = {
    "data-kind": kind,
    "data-index": index,
    "data-chosen": isChosen ? "" : undefined,
    "data-over": isOver ? "" : undefined,
    "aria-setsize": count,
    "aria-posinset": index + 1,
    style: { transform: `translateY(${top}px)` },
  };
  const label = (
    <>
      <Icon name={kind === "other" ? "close" : kind} />
      <bdi className="file-name" title={name}>
        {shownName(name)}
      </bdi>
      {entry.isLink && <span className="file-link">link</span>}
      {isRunning && <span className="file-running">kernel</span>}
      <span className="file-size">{kind === "folder" ? "" : sizeWords(entry.sizeBytes)}</span>
      <time className="file-time" dateTime={new Date(entry.modifiedAt * 1000).toISOString()}>
        {momentWords(entry.modifiedAt)}
      </time>
    </>
  );
  if (path === null) {
    return (
      <li {...row}>
        <span className="file-row" title={CLOSED}>
          {label}
        </span>
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

  function onClick(event: MouseEvent) {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;
    event.preventDefault();
    event.stopPropagation();
    props.onChoose({ isToggle: event.ctrlKey || event.metaKey, isRange: event.shiftKey });
  }

  function entries(): MenuEntry[] {
    const address = placeOf(places, kind, here);
    return [
      { label: "Open", run: () => places.go(address) },
      ...otherWays(places, name, kind, here),
      { label: "Open in a new tab", run: () => void window.open(address, "_blank", "noopener") },
      null,
      { label: "Rename …", run: () => props.onRename(true) },
      { label: "Move …", run: () => setMoving(true) },
      ...(kind === "folder"
        ? []
        : [{ label: "Duplicate", icon: "copy" as const, run: () => void duplicate() }]),
      {
        label: kind === "folder" ? "Download as a zip" : "Download",
        icon: "download",
        run: () => downloadAll(server, [entry]),
      },
      null,
      {
        label: "Delete",
        icon: "trash",
        danger: true,
        run: () => void deleteAll(server, [entry], listAgain),
      },
    ];
  }

  const dot = name.lastIndexOf(".");
  return (
    <li
      {...row}
      data-path={path}
      draggable
      onDragStart={props.onDragStart}
      onClickCapture={onClick}
      {...target}
    >
      <input
        type="checkbox"
        className="file-box"
        tabIndex={-1}
        aria-label={`Choose ${name}`}
        checked={isChosen}
        onChange={({ nativeEvent }) =>
          props.onChoose({
            isToggle: true,
            isRange: nativeEvent instanceof PointerEvent && nativeEvent.shiftKey,
          })
        }
      />
      <Place
        className="file-row"
        address={placeOf(places, kind, path)}
        places={places}
        tabIndex={isStop ? 0 : -1}
      >
        {label}
      </Place>
      <Menu label={`Actions for ${name}`} icon="more" className="file-menu" entries={entries} />
      {props.isRenaming && (
        <PathDialog
          title={`Rename ${name}`}
          label="Name"
          act="Rename"
          value={name}
          selected={dot > 0 && kind !== "folder" ? dot : name.length}
          onSubmit={(next) => moveTo(inFolder(folderOf(here), next))}
          onClose={() => props.onRename(false)}
        />
      )}
      {isMoving && (
        <PathDialog
          title={`Move ${name}`}
          label="To the folder (empty: the uppermost)"
          act="Move"
          value={folderOf(here)}
          mayBeEmpty
          onSubmit={(folder) => moveTo(inFolder(folder.replace(/^\/+|\/+$/g, ""), name))}
          onClose={() => setMoving(false)}
        />
      )}
    </li>
  );
}

/** A text that may be a notebook, and a notebook that is a text, open as either. */
function otherWays(
  places: Places,
  name: string,
  kind: FileEntry["kind"],
  path: string,
): MenuEntry[] {
  if (!mayBeNotebook(name)) return [];
  return kind === "notebook"
    ? [{ label: "Open as text", run: () => places.go(places.view(path)) }]
    : [{ label: "Open as notebook", run: () => places.go(places.notebook(path)) }];
}

/** What came of it; null, and a notice, where it failed. */
async function told<T>(doing: Promise<T>): Promise<T | null> {
  try {
    return await doing;
  } catch (reason) {
    notify({ text: messageOf(reason), tone: "failure" });
    return null;
  }
}

const CLOSED = "Not readable from here: no file, or a link that leads out or nowhere";

/** As one line: what would break it, or cannot be seen, is shown by a sign. */
export function shownName(name: string): string {
  return name.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, "␣");
}
