/** Every command with its keys, which can be given anew by pressing them. */

import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { Button } from "../ui/button";
import { keyWords, nameOf } from "../ui/key-names";
import { bound, inTheWay } from "./bound-keys";
import { changeSettings, useSettings } from "./settings-store";

export interface ShortcutCommand {
  readonly id: string;
  readonly title: string;
  readonly group: string;
  /** Those it has when nothing is chosen. */
  readonly keys: readonly string[];
}

export function Shortcuts({ commands }: { readonly commands: readonly ShortcutCommand[] }) {
  const { shortcuts } = useSettings();
  const [query, setQuery] = useState("");
  const [asked, setAsked] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  const now = bound(commands, shortcuts);
  const wanted = query.toLowerCase();
  const shown = now.filter(
    (command) =>
      command.title.toLowerCase().includes(wanted) ||
      command.keys.some((key) => keyWords(key).toLowerCase().includes(wanted)),
  );

  function give(commandId: string, key: string) {
    setAsked(null);
    const other = inTheWay(now, commandId, key);
    if (other) {
      setProblem(`${keyWords(key)} is already there for “${other.title}”; take it away first.`);
      return;
    }
    const keys = now.find((command) => command.id === commandId)?.keys ?? [];
    set(commandId, [...keys.filter((each) => each !== key), key]);
  }

  function set(commandId: string, keys: readonly string[]) {
    setProblem("");
    changeSettings({ shortcuts: { ...shortcuts, [commandId]: keys } });
  }

  function reset(commandId: string) {
    setProblem("");
    const { [commandId]: _, ...rest } = shortcuts;
    changeSettings({ shortcuts: rest });
  }

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
      <p className="shortcuts-problem" role="alert">
        {problem}
      </p>
      <ul>
        {shown.map(({ id, title, keys }) => (
          <li key={id} data-shortcut={id}>
            <span>{title}</span>
            <span className="shortcuts-keys">
              {keys.map((key) => (
                <button
                  key={key}
                  type="button"
                  className="shortcut-key"
                  aria-label={`Take ${keyWords(key)} away from “${title}”`}
                  title="Take away"
                  onClick={() =>
                    set(
                      id,
                      keys.filter((each) => each !== key),
                    )
                  }
                >
                  <kbd>{keyWords(key)}</kbd>
                </button>
              ))}
              {asked === id ? (
                <Capture onKey={(key) => give(id, key)} onGiveUp={() => setAsked(null)} />
              ) : (
                <Button
                  icon="plus"
                  look="quiet"
                  label={`Another key for “${title}”`}
                  onClick={() => {
                    setProblem("");
                    setAsked(id);
                  }}
                />
              )}
              {Object.hasOwn(shortcuts, id) && (
                <Button
                  icon="restart"
                  look="quiet"
                  label={`The usual keys for “${title}”`}
                  onClick={() => reset(id)}
                />
              )}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

const SECOND_PRESS_MS = 900;
const ALONE = new Set(["Shift", "Control", "Alt", "Meta", "AltGraph", "Dead", "Process"]);

/** Takes the next key, or two that follow each other. */
function Capture(props: { readonly onKey: (key: string) => void; readonly onGiveUp: () => void }) {
  const [first, setFirst] = useState<string | null>(null);
  const element = useRef<HTMLButtonElement>(null);
  const { onKey, onGiveUp } = props;
  const done = useRef(onKey);
  done.current = onKey;

  useEffect(() => element.current?.focus(), []);
  useEffect(() => {
    if (first === null) return;
    const timer = setTimeout(() => done.current(first), SECOND_PRESS_MS);
    return () => clearTimeout(timer);
  }, [first]);

  function onKeyDown(event: KeyboardEvent) {
    if (ALONE.has(event.key) || event.key === "Tab") return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") {
      onGiveUp();
      return;
    }
    const name = nameOf(event);
    const isBare = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (first !== null) done.current(`${first} ${name}`);
    else if (isBare && event.key.length === 1) setFirst(name);
    else done.current(name);
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
