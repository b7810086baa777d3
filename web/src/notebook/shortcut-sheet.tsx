/** Every key, with a search. Written from the table the keys are obeyed from. */

import { useState } from "react";
import { Dialog } from "../ui/dialog";
import { keyWords } from "../ui/key-names";
import { GROUPS, useCommands } from "./commands";
import { useEditorCommands } from "./typing-keys";

interface Row {
  readonly keys: readonly string[];
  readonly title: string;
}

function KeyNames({ keys }: { readonly keys: readonly string[] }) {
  return keys.map((key) => <kbd key={key}>{keyWords(key)}</kbd>);
}

export function ShortcutSheet({ onClose }: { readonly onClose: () => void }) {
  const [query, setQuery] = useState("");
  const commands = useCommands();
  const editorCommands = useEditorCommands();
  const sections: readonly { readonly name: string; readonly rows: readonly Row[] }[] = [
    ...GROUPS.map((name) => ({
      name,
      rows: commands.filter((command) => command.group === name && command.keys.length > 0),
    })),
    {
      name: "While typing in a cell",
      rows: editorCommands
        .map(({ title, keys, gesture }) => ({ title, keys: gesture ? [...keys, gesture] : keys }))
        .filter((command) => command.keys.length > 0),
    },
  ];
  const wanted = query.toLowerCase();
  const fits = (row: Row) =>
    row.title.toLowerCase().includes(wanted) ||
    row.keys.some((key) => key.toLowerCase().includes(wanted));
  return (
    <Dialog title="Keyboard" wide onClose={onClose}>
      <input
        className="field"
        type="search"
        data-first=""
        placeholder="Find a key or what it does"
        aria-label="Find a key or what it does"
        value={query}
        onChange={(event) => setQuery(event.target.value)}
      />
      <div className="sheet">
        {sections.map(({ name, rows }) => {
          const shown = rows.filter(fits);
          if (shown.length === 0) return null;
          return (
            <section key={name}>
              <h3>{name}</h3>
              <dl>
                {shown.map((row) => (
                  <div key={row.title}>
                    <dt>{row.title}</dt>
                    <dd>
                      <KeyNames keys={row.keys} />
                    </dd>
                  </div>
                ))}
              </dl>
            </section>
          );
        })}
      </div>
    </Dialog>
  );
}
