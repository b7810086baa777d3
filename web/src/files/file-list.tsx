/**
 * The files of a folder: only the rows near the screen exist. One chooses several by Ctrl and
 * Shift, by the boxes, or by keys, and drags them onto a folder.
 */

import { useQueryClient } from "@tanstack/react-query";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import {
  type DragEvent,
  type KeyboardEvent,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import type { Server } from "../sync/server";
import { Button } from "../ui/button";
import { counted } from "../ui/words";
import { DRAGGED } from "./dropped";
import { deleteAll, downloadAll, moveInto, namesOf } from "./file-acts";
import { FileRow } from "./file-row";
import type { FileEntry } from "./listing";
import { PathDialog } from "./path-dialog";
import { type Places, placeOf } from "./place";
import { type Chosen, NOTHING, pressed, stepped, stillThere, typedTo } from "./selection";

interface FileListProps {
  readonly entries: readonly FileEntry[];
  readonly folder: string;
  readonly server: Server;
  readonly places: Places;
}

const ROW_PX = 39;
const PAGE_ROWS = 12;
const TYPED_MS = 700;

export function FileList({ entries, folder, server, places }: FileListProps) {
  const list = useRef<HTMLUListElement>(null);
  const typed = useRef({ text: "", at: 0 });
  const queries = useQueryClient();
  const [kept, setChosen] = useState<Chosen>(NOTHING);
  const [isMoving, setMoving] = useState(false);
  const [renaming, setRenaming] = useState<string | null>(null);
  const [offset, setOffset] = useState(0);
  const order = entries.map(({ name }) => name);
  const chosen = stillThere(kept, order);
  if (chosen !== kept) setChosen(chosen); // what comes back is not chosen again
  const picked = entries.filter(({ name, path }) => chosen.names.has(name) && path !== null);

  useLayoutEffect(() => {
    const measure = () => {
      const top = list.current?.getBoundingClientRect().top ?? 0;
      setOffset(Math.round(top + window.scrollY));
    };
    measure();
    // What is above the list may come and go.
    const watch = new ResizeObserver(measure);
    watch.observe(document.body);
    return () => watch.disconnect();
  }, []);
  const rows = useWindowVirtualizer({
    count: entries.length,
    estimateSize: () => ROW_PX,
    overscan: 20,
    scrollMargin: offset,
    getItemKey: (index) => entries[index]?.name ?? index,
  });

  // The row that keys mean has the focus, once it is there.
  const at = chosen.at;
  const index = at === null ? -1 : order.indexOf(at);
  const wantsFocus = useRef(false);
  useEffect(() => {
    if (index < 0 || !wantsFocus.current) return;
    rows.scrollToIndex(index, { align: "auto" });
    const frame = requestAnimationFrame(() => {
      const row = list.current?.querySelector<HTMLElement>(`[data-index="${index}"] .file-row`);
      row?.focus({ preventScroll: true });
    });
    return () => cancelAnimationFrame(frame);
  }, [index, rows]);

  function choose(next: Chosen) {
    wantsFocus.current = true;
    setChosen(next);
  }

  function listAgain() {
    void queries.invalidateQueries();
  }

  /** What an act is about: what is chosen, else the row that keys mean. */
  function meant(): readonly FileEntry[] {
    if (picked.length > 0) return picked;
    return entries.filter(({ name, path }) => name === at && path !== null);
  }

  function onKeyDown(event: KeyboardEvent) {
    if (!(event.target instanceof HTMLElement) || !event.target.closest(".file-row")) return;
    const isCommand = event.ctrlKey || event.metaKey;
    const one = entries[index];
    const goesOn = event.timeStamp - typed.current.at < TYPED_MS; // a name is being typed
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: PAGE_ROWS, PageUp: -PAGE_ROWS }[event.key];
    if (step !== undefined) choose(stepped(chosen, order, step, event.shiftKey));
    else if (event.key === "Home" || event.key === "End") {
      const far = event.key === "Home" ? -order.length : order.length;
      choose(stepped(chosen, order, far, event.shiftKey));
    } else if (event.key === " " && !goesOn) {
      if (one) choose(pressed(chosen, order, one.name, { isToggle: true, isRange: false }));
    } else if (event.key === "a" && isCommand) choose({ ...chosen, names: new Set(order) });
    else if (event.key === "Escape") choose({ ...chosen, names: new Set() });
    else if (event.key === "Delete") void deleteAll(server, meant(), listAgain);
    else if (event.key === "F2") setRenaming(at);
    else if (event.key === "Enter" && one?.path != null && !isCommand) {
      places.go(placeOf(places, one.kind, one.path));
    } else if (event.key.length === 1 && !isCommand && !event.altKey) {
      const text = (goesOn ? typed.current.text : "") + event.key;
      typed.current = { text, at: event.timeStamp };
      choose(typedTo(chosen, order, typed.current.text));
    } else return;
    event.preventDefault();
  }

  function onDragStart(event: DragEvent, entry: FileEntry) {
    const dragged = chosen.names.has(entry.name) ? picked : [entry];
    const paths = dragged.flatMap(({ path }) => path ?? []);
    event.dataTransfer.setData(DRAGGED, JSON.stringify(paths));
    event.dataTransfer.setData("text/plain", paths.join("\n"));
    event.dataTransfer.effectAllowed = "move";
  }

  const moveTo = async (to: string) => {
    await moveInto(server, meant(), to);
    listAgain();
  };
  const start = rows.getVirtualItems();
  return (
    <>
      {picked.length > 0 && (
        <div className="files-chosen" role="toolbar" aria-label="The chosen files">
          <span role="status">{counted(picked.length, "file")} chosen</span>
          <Button icon="download" look="quiet" onClick={() => downloadAll(server, picked)}>
            Download
          </Button>
          <Button look="quiet" onClick={() => setMoving(true)}>
            Move …
          </Button>
          <Button
            icon="trash"
            look="quiet"
            onClick={() => void deleteAll(server, picked, listAgain)}
          >
            Delete
          </Button>
          <Button icon="close" look="quiet" label="Choose none" onClick={() => choose(NOTHING)} />
        </div>
      )}
      <ul
        ref={list}
        className="files"
        data-choosing={chosen.names.size > 0 ? "" : undefined}
        style={{ height: rows.getTotalSize() }}
        onKeyDown={onKeyDown}
        onFocus={(event) => {
          const row = event.target.closest("[data-index]");
          const name = order[Number(row?.getAttribute("data-index") ?? -1)];
          if (name !== undefined && name !== at && event.target.matches(".file-row")) {
            setChosen({ ...chosen, at: name });
          }
        }}
      >
        {start.map((item) => {
          const entry = entries[item.index];
          if (!entry) return null;
          return (
            <FileRow
              key={item.key}
              entry={entry}
              siblings={entries}
              server={server}
              places={places}
              index={item.index}
              count={entries.length}
              top={item.start - offset}
              isChosen={chosen.names.has(entry.name)}
              isStop={at === null ? item.index === 0 : entry.name === at}
              isRenaming={renaming === entry.name}
              onRename={(isOn) => setRenaming(isOn ? entry.name : null)}
              onChoose={(by) => choose(pressed(chosen, order, entry.name, by))}
              onDragStart={(event) => onDragStart(event, entry)}
              onDropped={async (paths, to) => {
                const dropped = entries.filter(({ path }) => path !== null && paths.includes(path));
                await moveInto(server, dropped, to);
                listAgain();
              }}
            />
          );
        })}
      </ul>
      {isMoving && (
        <PathDialog
          title={`Move ${namesOf(picked)}`}
          label="To the folder (empty: the uppermost)"
          act="Move"
          value={folder}
          mayBeEmpty
          onSubmit={(to) => moveTo(to.replace(/^\/+|\/+$/g, ""))}
          onClose={() => setMoving(false)}
        />
      )}
    </>
  );
}
