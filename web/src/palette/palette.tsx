/** Every command by a few letters of its name: the ones used last first, each with its keys. */

import { type KeyboardEvent, useId, useMemo, useRef, useState } from "react";
import { Dialog } from "../ui/dialog";
import { type Fit, fitOf } from "./fuzzy";
import { noteCommand, recentCommands } from "./recent";
import "./palette.css";

export interface PaletteEntry {
  readonly id: string;
  readonly title: string;
  readonly group: string;
  /** As people read them. */
  readonly keys: readonly string[];
  readonly run: () => void;
}

interface PaletteProps {
  readonly entries: readonly PaletteEntry[];
  readonly title?: string;
  readonly placeholder?: string;
  /** Whether what is taken is remembered, to come first next time. */
  readonly isLasting?: boolean;
  readonly onClose: () => void;
}

interface Found {
  readonly entry: PaletteEntry;
  readonly fit: Fit;
  readonly isRecent: boolean;
}

const RECENT_BONUS = 40; // among equals the one used before comes first

export function Palette({
  entries,
  title = "Commands",
  placeholder = "Find a command",
  isLasting = true,
  onClose,
}: PaletteProps) {
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const recent = useMemo(recentCommands, []);
  const found = useMemo(() => search(entries, query, recent), [entries, query, recent]);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const chosen = found[Math.min(at, found.length - 1)];

  function move(to: number) {
    const next = (to + found.length) % Math.max(1, found.length);
    setAt(next);
    list.current?.querySelectorAll('[role="option"]')[next]?.scrollIntoView({ block: "nearest" });
  }

  function take(entry: PaletteEntry | undefined) {
    if (!entry) return;
    if (isLasting) noteCommand(entry.id);
    onClose();
    // After the dialog has given back the focus, which the command may want to move.
    setTimeout(entry.run);
  }

  function onKeyDown(event: KeyboardEvent) {
    const step = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 8, PageUp: at - 8 }[
      event.key
    ];
    if (step !== undefined) {
      event.preventDefault();
      const isPage = event.key.startsWith("Page");
      move(isPage ? Math.min(Math.max(step, 0), found.length - 1) : step);
    } else if (event.key === "Enter" && !event.nativeEvent.isComposing) {
      event.preventDefault();
      take(chosen?.entry);
    }
  }

  return (
    <Dialog title={title} onClose={onClose}>
      <input
        className="field palette-field"
        data-first=""
        role="combobox"
        aria-expanded="true"
        aria-controls={id}
        aria-autocomplete="list"
        aria-activedescendant={chosen ? `${id}-${chosen.entry.id}` : undefined}
        aria-label={placeholder}
        placeholder={placeholder}
        autoComplete="off"
        spellCheck={false}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setAt(0);
          list.current?.scrollTo(0, 0);
        }}
        onKeyDown={onKeyDown}
      />
      <div ref={list} id={id} className="palette" role="listbox" aria-label={title} tabIndex={-1}>
        {found.map(({ entry, fit: { at: letters }, isRecent }, position) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: keys are the field's
          <div
            key={entry.id}
            id={`${id}-${entry.id}`}
            role="option"
            tabIndex={-1}
            aria-selected={entry === chosen?.entry}
            className="palette-entry"
            data-command={entry.id}
            onClick={() => take(entry)}
            onPointerMove={() => setAt(position)}
          >
            <span className="palette-title">
              <Marked text={entry.title} letters={letters} />
            </span>
            <span className="palette-group">
              {isRecent && query === "" ? "recent" : entry.group}
            </span>
            {entry.keys.map((key) => (
              <kbd key={key}>{key}</kbd>
            ))}
          </div>
        ))}
        {found.length === 0 && <p className="palette-empty">No command fits.</p>}
      </div>
      <p className="visually-hidden" role="status">
        {found.length} commands
      </p>
    </Dialog>
  );
}

function Marked({ text, letters }: { readonly text: string; readonly letters: readonly number[] }) {
  const marked = new Set(letters);
  return [...text].map((letter, at) =>
    marked.has(at) ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: letters have no other name
      <b key={at}>{letter}</b>
    ) : (
      letter
    ),
  );
}

export function search(
  entries: readonly PaletteEntry[],
  query: string,
  recent: readonly string[],
): readonly Found[] {
  const found = entries.flatMap((entry): (Found & { readonly order: number })[] => {
    const how = fitOf(query, entry.title) ?? fitOf(query, `${entry.group} ${entry.title}`);
    if (!how) return [];
    const at = recent.indexOf(entry.id);
    const isRecent = at >= 0;
    // Without a query, recent ones in their order and then the table's.
    const bonus = isRecent ? (query === "" ? 1_000 - at : RECENT_BONUS) : 0;
    const isOfGroup = fitOf(query, entry.title) === null;
    const fitting: Fit = isOfGroup ? { score: how.score - 500, at: [] } : how;
    return [{ entry, fit: fitting, isRecent, order: fitting.score + bonus }];
  });
  return found.sort((a, b) => b.order - a.order);
}
