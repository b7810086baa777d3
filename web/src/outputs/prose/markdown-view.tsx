/** Rendered Markdown; its plain text until the renderer is here. */

import { useLayoutEffect, useRef, useSyncExternalStore } from "react";
import { drawFormulas } from "./formulas";
import type { renderMarkdown, Surroundings } from "./markdown";

type Render = typeof renderMarkdown;

let render: Render | null = null;
let asked: Promise<void> | null = null;
const listeners = new Set<() => void>();

/** Fetches the renderer. Called early by a notebook that has Markdown. */
export function prepareMarkdown(): Promise<void> {
  asked ??= import("./markdown").then((loaded) => {
    render = loaded.renderMarkdown;
    for (const listener of listeners) listener();
  });
  return asked;
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

interface MarkdownViewProps {
  readonly source: string;
  readonly surroundings?: Surroundings;
}

export function MarkdownView({ source, surroundings }: MarkdownViewProps) {
  const place = useRef<HTMLDivElement>(null);
  const current = useSyncExternalStore(subscribe, () => render);

  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    if (!current) {
      element.textContent = source;
      void prepareMarkdown();
      return;
    }
    element.innerHTML = current(source, surroundings);
    if (element.querySelector(".formula")) void drawFormulas(element);
  }, [source, surroundings, current]);

  return <div ref={place} className="prose" data-raw={current ? undefined : ""} />;
}
