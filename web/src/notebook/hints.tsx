/** What somebody new needs to know, below a notebook that is just begun, until dismissed. */

import { useState } from "react";
import { changeSettings, useSettings } from "../settings/settings-store";
import { useExecution } from "../store/use-session";
import { useNotebook } from "../sync/use-notebook";
import { Button } from "../ui/button";
import { keyWords } from "../ui/key-names";
import { useCommands } from "./commands";

/** By the id of the command whose key it is; without one, the key itself. */
const HINTS: readonly { readonly of: string; readonly words: string }[] = [
  { of: "run-next", words: "runs the cell and goes on to the next" },
  { of: "Escape", words: "leaves the text: letters are commands then" },
  { of: "insert-below", words: "adds a cell below" },
  { of: "to-markdown", words: "makes it a cell of words" },
  { of: "shortcuts", words: "shows every key" },
  { of: "palette", words: "finds everything one can do" },
];

/** `cellId` is the only cell, or null where there is none. */
export function Hints({ cellId }: { readonly cellId: string | null }) {
  const { hasHints } = useSettings();
  const commands = useCommands();
  const { document: notebook } = useNotebook();
  // They stay while the first lines are typed, and go when those have run.
  const [wasBlank] = useState(() => !cellId || !notebook.source(cellId)?.length);
  const execution = useExecution(cellId ?? "");
  if (!hasHints || !wasBlank || execution) return null;
  const keys = HINTS.map(({ of, words }) => {
    const command = commands.find((each) => each.id === of);
    return { words, key: command ? command.keys[0] : of };
  });
  return (
    <aside className="hints" aria-label="First steps">
      <h2>First steps</h2>
      <dl>
        {keys.map(
          ({ key, words }) =>
            key !== undefined && (
              <div key={key}>
                <dt>
                  <kbd>{keyWords(key)}</kbd>
                </dt>
                <dd>{words}</dd>
              </div>
            ),
        )}
      </dl>
      <p>
        What you type and what runs is kept as it happens: close the page, come back, and it is all
        there.
      </p>
      <Button onClick={() => changeSettings({ hasHints: false })}>Do not show again</Button>
    </aside>
  );
}
