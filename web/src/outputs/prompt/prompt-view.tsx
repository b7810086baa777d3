/** `input()` waiting for a person: a field under the cell, which any client may answer. */

import { type FormEvent, useEffect, useRef, useState } from "react";
import type { Prompt } from "../../protocol/generated";
import { Button } from "../../ui/button";

interface PromptViewProps {
  readonly prompt: Prompt;
  readonly onAnswer: (value: string) => void;
  readonly onCancel: () => void;
}

/** Questions that this page has shown: it is made anew each time its cell comes near. */
const met = new Set<string>();

/** Puts the cursor into the field, unless that takes somebody away from where they are. */
function meet(field: HTMLElement): void {
  const cell = field.closest("[data-cell-id]");
  const typing = document.activeElement?.closest(".cm-editor, input, textarea");
  if (typing && !cell?.contains(typing)) return;
  const { top, bottom } = field.getBoundingClientRect();
  const isSeen = top >= 0 && bottom <= window.innerHeight;
  if (isSeen || cell?.hasAttribute("data-active")) field.focus();
}

/** What a person had begun to type survives the cell's scrolling away, and a reload. */
function draftKey(prompt: Prompt): string {
  return `tailrace.prompt.${prompt.prompt_id}`;
}

export function PromptView({ prompt, onAnswer, onCancel }: PromptViewProps) {
  const field = useRef<HTMLInputElement>(null);
  const key = draftKey(prompt);
  const [value, setValue] = useState(() =>
    prompt.password ? "" : (sessionStorage.getItem(key) ?? ""),
  );

  useEffect(() => {
    if (field.current && !met.has(prompt.prompt_id)) meet(field.current);
    met.add(prompt.prompt_id);
  }, [prompt.prompt_id]);

  function submit(event: FormEvent) {
    event.preventDefault();
    sessionStorage.removeItem(key);
    onAnswer(value);
  }

  return (
    <form className="prompt" onSubmit={submit} data-prompt={prompt.password ? "password" : "text"}>
      <label>
        <span className="prompt-words">{prompt.prompt || "The cell asks for input"}</span>
        <input
          ref={field}
          className="field"
          type={prompt.password ? "password" : "text"}
          autoComplete="off"
          spellCheck={false}
          value={value}
          onKeyDown={(event) => event.stopPropagation()}
          onChange={(event) => {
            setValue(event.target.value);
            if (!prompt.password) sessionStorage.setItem(key, event.target.value);
          }}
        />
      </label>
      <Button type="submit" look="primary">
        Send
      </Button>
      <Button look="quiet" title="Makes input() raise KeyboardInterrupt" onClick={onCancel}>
        Cancel
      </Button>
    </form>
  );
}
