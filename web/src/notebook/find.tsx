/**
 * The search over this notebook, begun with what is selected. Loaded when first asked for; its
 * field is there at once, so that what is typed meanwhile is no command of the notebook.
 */

import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { FindBar } from "../find/find-bar";
import { notify } from "../ui/notices";
import { useDesk } from "./use-view";
import "../find/find.css";

let Loaded: typeof FindBar | null = null;

interface FindProps {
  readonly replaces: boolean;
  readonly onClose: () => void;
}

let last = ""; // what was searched before is where the next search begins

export function Find({ replaces, onClose }: FindProps) {
  const { view, commander } = useDesk();
  const [query] = useState(selectedText);
  const [Bar, setBar] = useState(() => Loaded);
  const typed = useRef<string | null>(null);
  const { active } = view.current;

  useEffect(() => {
    if (Loaded !== null) return;
    import("../find/find-bar").then(
      ({ FindBar }) => {
        Loaded = FindBar;
        // At once: between two keys, and none goes into a field that is on its way out.
        flushSync(() => setBar(() => FindBar));
      },
      () => notify({ text: "The search could not be loaded", tone: "failure" }),
    );
  }, []);

  function close() {
    onClose();
    const cellId = view.current.active;
    // The focus goes to the cell that was found, for the keys of command mode.
    document
      .querySelector<HTMLElement>(`.cells [data-cell-id="${CSS.escape(cellId ?? "")}"]`)
      ?.focus({ preventScroll: true });
  }

  function keep(text: string) {
    last = text;
  }

  if (Bar === null) {
    const onTyped = (text: string) => {
      typed.current = text;
      keep(text);
    };
    return <FirstField query={query} onTyped={onTyped} onClose={close} />;
  }
  return (
    <Bar
      query={typed.current ?? query}
      isBegun={typed.current !== null}
      replaces={replaces}
      activeCell={active}
      onQuery={keep}
      goTo={(cellId) => view.select(cellId)}
      replace={(replacements) => commander.replaceParts(replacements)}
      onClose={close}
    />
  );
}

interface FirstFieldProps {
  readonly query: string;
  readonly onTyped: (text: string) => void;
  readonly onClose: () => void;
}

function FirstField({ query, onTyped, onClose }: FirstFieldProps) {
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);
  return (
    <search className="find" data-own-keys="">
      <div className="find-line">
        <input
          ref={field}
          className="field"
          aria-label="Find in this notebook"
          placeholder="Find in this notebook"
          autoComplete="off"
          spellCheck={false}
          defaultValue={query}
          onChange={(event) => onTyped(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") onClose();
          }}
        />
      </div>
    </search>
  );
}

function selectedText(): string {
  const text = window.getSelection()?.toString() ?? "";
  return text.trim() === "" || text.includes("\n") ? last : text;
}
