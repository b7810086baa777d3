/** What somebody new needs to know, below a notebook that is just begun, until dismissed. */

import { useState } from "react";
import { changeSettings, useSettings } from "../settings/settings-store";
import { useExecution } from "../store/use-session";
import { useNotebook } from "../sync/use-notebook";
import { Button } from "../ui/button";
import { Icon, type IconName } from "../ui/icon";
import { keyWords } from "../ui/key-names";
import { useCommands } from "./commands";
import { useEditorCommands } from "./typing-keys";

/** By the id of the command whose key it is. */
const HINTS: readonly { readonly of: string; readonly words: string }[] = [
  { of: "run-next", words: "runs the cell and goes on to the next" },
  { of: "leave", words: "leaves the text: letters are commands then" },
  { of: "insert-below", words: "adds a cell below" },
  { of: "to-markdown", words: "makes it a cell of words" },
  { of: "shortcuts", words: "shows every key" },
  { of: "palette", words: "finds everything one can do" },
];

/** Where nobody has keys at hand. */
const TOUCHED: readonly { readonly icon: IconName; readonly words: string }[] = [
  { icon: "run", words: "runs the cell and goes on to the next" },
  { icon: "more", words: "holds all that can be done with a cell" },
  { icon: "command", words: "finds everything one can do" },
  { icon: "panel", words: "shows contents, variables and the kernel" },
];
const isTouched = window.matchMedia("(hover: none)");

/** `cellId` is the only cell, or null where there is none. */
export function Hints({ cellId }: { readonly cellId: string | null }) {
  const { hasHints } = useSettings();
  const commands = [...useCommands(), ...useEditorCommands()];
  const { document: notebook } = useNotebook();
  // They stay while the first lines are typed, and go when those have run.
  const [wasBlank] = useState(() => !cellId || !notebook.source(cellId)?.length);
  const execution = useExecution(cellId ?? "");
  if (!hasHints || !wasBlank || execution) return null;
  const hints = isTouched.matches
    ? TOUCHED.map(({ icon, words }) => ({ words, sign: <Icon name={icon} /> }))
    : HINTS.flatMap(({ of, words }) => {
        const key = commands.find((each) => each.id === of)?.keys[0];
        return key === undefined ? [] : { words, sign: <kbd>{keyWords(key)}</kbd> };
      });
  return (
    <aside className="hints" aria-label="First steps">
      <h2>First steps</h2>
      <dl>
        {hints.map(({ sign, words }) => (
          <div key={words}>
            <dt>{sign}</dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
      <p>
        What you type and what runs is kept as it happens: close the page, come back, and it is all
        there.
      </p>
      <Button onClick={() => changeSettings({ hasHints: false })}>Do not show again</Button>
    </aside>
  );
}
