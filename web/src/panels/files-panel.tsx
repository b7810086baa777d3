/** The files around the notebook: look about, open one, copy its path as code would say it. */

import { useCallback, useEffect, useState } from "react";
import { messageOf } from "../core/message-of";
import type { Session } from "../store/session";
import { useSession } from "../store/use-session";
import { useNotebook } from "../sync/use-notebook";
import { Button } from "../ui/button";
import { Icon } from "../ui/icon";
import { notify } from "../ui/notices";
import { sizeWords } from "../ui/words";
import { type Entry, entriesIn, parentOf, relativeTo } from "./folder";
import type { PanelProps } from "./side-panel";

export function FilesPanel({ acts }: PanelProps) {
  const { path: opened } = useNotebook();
  const notebook = useSession(pathOf) ?? opened;
  const [folder, setFolder] = useState(() => parentOf(notebook));
  const [query, setQuery] = useState("");
  const { entries, problem, reload } = useFolder(folder);
  const wanted = query.trim().toLowerCase();
  const shown = (entries ?? []).filter(({ name }) => name.toLowerCase().includes(wanted));

  function enter(path: string) {
    setQuery("");
    setFolder(path);
  }

  return (
    <>
      <div className="panel-tools">
        <input
          className="field"
          type="search"
          placeholder="Find in this folder"
          aria-label="Find in this folder"
          value={query}
          onChange={(event) => setQuery(event.target.value)}
        />
        <Button icon="restart" label="Look again" look="quiet" onClick={reload} />
      </div>
      <div className="panel-body">
        <p className="folder-path">
          <button type="button" onClick={() => enter("")}>
            All files
          </button>
          {folder.split("/").map((part, at, parts) =>
            part === "" ? null : (
              <span key={parts.slice(0, at + 1).join("/")}>
                {" / "}
                <button type="button" onClick={() => enter(parts.slice(0, at + 1).join("/"))}>
                  {part}
                </button>
              </span>
            ),
          )}
        </p>
        {problem !== null && <p className="panel-problem">{problem}</p>}
        {entries && shown.length === 0 && (
          <p className="panel-empty">
            {entries.length === 0 ? "Nothing is in this folder." : "No file fits."}
          </p>
        )}
        <ul className="folder" aria-label="Files">
          {shown.map((entry) => (
            <Row
              key={entry.name}
              entry={entry}
              isHere={entry.path === notebook}
              address={entry.path === null ? null : acts.addressOf(entry.kind, entry.path)}
              onOpen={() => {
                if (entry.path === null) return;
                if (entry.kind === "folder") enter(entry.path);
                else acts.open(entry.kind, entry.path);
              }}
              onCopy={() => void copyPath(relativeTo(parentOf(notebook), entry.path ?? ""))}
            />
          ))}
        </ul>
      </div>
    </>
  );
}

interface RowProps {
  readonly entry: Entry;
  readonly isHere: boolean;
  readonly address: string | null;
  readonly onOpen: () => void;
  readonly onCopy: () => void;
}

function Row({ entry, isHere, address, onOpen, onCopy }: RowProps) {
  const { name, kind, path, isRunning, sizeBytes } = entry;
  return (
    <li data-here={isHere ? "" : undefined}>
      {address === null ? (
        <span className="folder-entry">
          <Icon name={kind} />
          <span>{name}</span>
        </span>
      ) : (
        <a
          className="folder-entry"
          href={address}
          aria-current={isHere ? "page" : undefined}
          onClick={(event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            if (!isHere) onOpen();
          }}
        >
          <Icon name={kind} />
          <span>{name}</span>
          {isRunning && <i className="mood" data-mood="running" role="img" aria-label="running" />}
          {kind === "file" && <small>{sizeWords(sizeBytes)}</small>}
        </a>
      )}
      {path !== null && (
        <Button icon="copy" label={`Copy the path of ${name}`} look="quiet" onClick={onCopy} />
      )}
    </li>
  );
}

async function copyPath(path: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(path);
    notify({ text: `Copied: ${path}` });
  } catch {
    notify({ text: `The browser does not let this page copy. The path is ${path}` });
  }
}

/** Read again when the page is looked at again: files come and go. */
function useFolder(folder: string) {
  const { server } = useNotebook();
  const [read, setRead] = useState<{ folder: string; entries: readonly Entry[] } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [times, setTimes] = useState(0);
  const reload = useCallback(() => setTimes((before) => before + 1), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `times` says to look again
  useEffect(() => {
    const controller = new AbortController();
    entriesIn(server, folder, controller.signal).then(
      (entries) => {
        setRead({ folder, entries });
        setProblem(null);
      },
      (reason: unknown) => {
        if (controller.signal.aborted) return;
        setProblem(messageOf(reason));
      },
    );
    return () => controller.abort();
  }, [server, folder, times]);

  useEffect(() => {
    window.addEventListener("focus", reload);
    return () => window.removeEventListener("focus", reload);
  }, [reload]);
  return { entries: read?.folder === folder ? read.entries : null, problem, reload };
}

const pathOf = (session: Session) => session.notebook?.path ?? null;
