/** Every command with its keys, which can be given anew by pressing them. */

import { type KeyboardEvent, useCallback, useEffect, useRef, useState } from "react";
import { Button } from "../ui/button";
import { keyWords, nameOf } from "../ui/key-names";
import { bound, type Reach } from "./bound-keys";
import { isSameKey, problemOf } from "./key-conflicts";
import { changeSettings, useSettings } from "./settings-store";

export interface ShortcutCommand {
  readonly id: string;
  readonly title: string;
  /** Those it has when nothing is chosen. */
  readonly keys: readonly string[];
  readonly reach: Reach;
  /** What the mouse does, too, which stays. */
  readonly gesture?: string;
}

interface Refused {
  readonly commandId: string;
  readonly words: string;
}

export function Shortcuts({ commands }: { readonly commands: readonly ShortcutCommand[] }) {
  const { shortcuts } = useSettings();
  const [query, setQuery] = useState("");
  const [asked, setAsked] = useState<string | null>(null);
  const [refused, setRefused] = useState<Refused | null>(null);
  const now = bound(commands, shortcuts);
  const wanted = query.toLowerCase();
  const shown = now.filter(
    (command) =>
      command.title.toLowerCase().includes(wanted) ||
      command.keys.some((key) => keyWords(key).toLowerCase().includes(wanted)),
  );

  function ask(commandId: string | null) {
    setRefused(null);
    setAsked(commandId);
  }

  function give(command: ShortcutCommand, key: string) {
    setAsked(null);
    const words = problemOf(now, command, key);
    if (words !== null) setRefused({ commandId: command.id, words });
    else set(command, [...command.keys.filter((each) => !isSameKey(each, key)), key]);
  }

  function take(command: ShortcutCommand, key: string) {
    const left = command.keys.filter((each) => each !== key);
    if (command.id === "leave" && left.length === 0) {
      const words = "Without a key nobody comes out of the text. Give it another one first.";
      setRefused({ commandId: command.id, words });
    } else set(command, left);
  }

  function set({ id }: ShortcutCommand, keys: readonly string[]) {
    setRefused(null);
    changeSettings({ shortcuts: { ...shortcuts, [id]: keys } });
  }

  function reset(commandId: string) {
    setRefused(null);
    const { [commandId]: _, ...rest } = shortcuts;
    changeSettings({ shortcuts: rest });
  }

  const row = (command: ShortcutCommand) => (
    <li key={command.id} data-shortcut={command.id}>
      <span>{command.title}</span>
      <span className="shortcuts-keys">
        {command.gesture && <kbd title="Stays">{keyWords(command.gesture)}</kbd>}
        {command.keys.map((key) => (
          <button
            key={key}
            type="button"
            className="shortcut-key"
            aria-label={`Take ${keyWords(key)} away from “${command.title}”`}
            title="Take away"
            onClick={() => take(command, key)}
          >
            <kbd>{keyWords(key)}</kbd>
          </button>
        ))}
        {asked === command.id ? (
          <Capture
            takesTwo={command.reach !== "text"}
            onKey={(key) => give(command, key)}
            onGiveUp={() => setAsked(null)}
          />
        ) : (
          <Button
            icon="plus"
            className="shortcut-add"
            look="quiet"
            label={`Another key for “${command.title}”`}
            onClick={() => ask(command.id)}
          />
        )}
        {Object.hasOwn(shortcuts, command.id) && (
          <Button
            icon="restart"
            look="quiet"
            label={`The usual keys for “${command.title}”`}
            onClick={() => reset(command.id)}
          />
        )}
      </span>
      {refused?.commandId === command.id && (
        <p className="shortcuts-problem" role="alert">
          {refused.words}
        </p>
      )}
    </li>
  );
  const inText = shown.filter((command) => command.reach === "text");
  const inNotebook = shown.filter((command) => command.reach !== "text");

  return (
    <div className="shortcuts">
      <input
        className="field"
        type="search"
        placeholder="Find a command or a key"
        aria-label="Find a command or a key"
        value={query}
        onChange={(event) => setQuery(event.target.value)}
      />
      {inNotebook.length > 0 && <ul aria-label="In the notebook">{inNotebook.map(row)}</ul>}
      {inText.length > 0 && (
        <section aria-label="While typing in a cell">
          <h4>While typing in a cell</h4>
          <ul>{inText.map(row)}</ul>
        </section>
      )}
      {shown.length === 0 && <p className="setting-note">No command has that name or key.</p>}
    </div>
  );
}

const SECOND_PRESS_MS = 900;
const ALONE = new Set(["Shift", "Control", "Alt", "Meta", "AltGraph", "Dead", "Process"]);

interface CaptureProps {
  /** Two presses that follow each other count as one key; Tab goes on to the next button. */
  readonly takesTwo: boolean;
  readonly onKey: (key: string) => void;
  readonly onGiveUp: () => void;
}

/** Takes the next key, or two that follow each other. */
function Capture({ takesTwo, onKey, onGiveUp }: CaptureProps) {
  const [first, setFirst] = useState<string | null>(null);
  const element = useRef<HTMLButtonElement>(null);
  const done = useRef(onKey);
  done.current = onKey;

  /** The focus goes back to where it came from, before this was in its place. */
  const finish = useCallback((act: () => void) => {
    const row = element.current?.closest("li");
    act();
    requestAnimationFrame(() => row?.querySelector<HTMLElement>(".shortcut-add")?.focus());
  }, []);

  useEffect(() => element.current?.focus(), []);
  useEffect(() => {
    if (first === null) return;
    const timer = setTimeout(() => finish(() => done.current(first)), SECOND_PRESS_MS);
    return () => clearTimeout(timer);
  }, [first, finish]);

  function onKeyDown(event: KeyboardEvent) {
    if (ALONE.has(event.key) || (event.key === "Tab" && takesTwo)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") {
      finish(onGiveUp);
      return;
    }
    // AltGr types signs, though some systems say that Ctrl and Alt are held for it.
    const name = event.getModifierState("AltGraph") ? event.key : nameOf(event);
    const isBare = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (first !== null) finish(() => done.current(`${first} ${name}`));
    else if (takesTwo && isBare && event.key.length === 1) setFirst(name);
    else finish(() => done.current(name));
  }

  return (
    <button
      ref={element}
      type="button"
      className="shortcut-capture"
      onKeyDown={onKeyDown}
      onBlur={onGiveUp}
    >
      {first === null ? "Press the keys …" : `${keyWords(first)}, …`}
    </button>
  );
}
