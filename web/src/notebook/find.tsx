/** The search over this notebook, begun with what is selected. Loaded when first asked for. */

import { lazy, Suspense, useState } from "react";
import { useDesk } from "./use-view";

const FindBar = lazy(async () => ({ default: (await import("../find/find-bar")).FindBar }));

interface FindProps {
  readonly replaces: boolean;
  readonly onClose: () => void;
}

let last = ""; // what was searched before is where the next search begins

export function Find({ replaces, onClose }: FindProps) {
  const { view, commander } = useDesk();
  const [query] = useState(selectedText);
  const { active } = view.current;
  return (
    <Suspense>
      <FindBar
        query={query}
        replaces={replaces}
        activeCell={active}
        onQuery={(text) => {
          last = text;
        }}
        goTo={(cellId) => view.select(cellId)}
        replace={(replacements) => commander.replaceParts(replacements)}
        onClose={() => {
          onClose();
          const cellId = view.current.active;
          // The focus goes to the cell that was found, for the keys of command mode.
          document
            .querySelector<HTMLElement>(`.cells [data-cell-id="${CSS.escape(cellId ?? "")}"]`)
            ?.focus({ preventScroll: true });
        }}
      />
    </Suspense>
  );
}

function selectedText(): string {
  const text = window.getSelection()?.toString() ?? "";
  return text.trim() === "" || text.includes("\n") ? last : text;
}
