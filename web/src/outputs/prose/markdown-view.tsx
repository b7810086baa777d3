/** Rendered Markdown; its plain text until the renderer is here. */

import { type MouseEvent, useEffect, useLayoutEffect, useRef, useSyncExternalStore } from "react";
import { useDark } from "../../ui/theme";
import { drawFormulas } from "./formulas";
import type { markdownTree, Surroundings } from "./markdown";

type Build = typeof markdownTree;

let build: Build | null = null;
let asked: Promise<void> | null = null;
const listeners = new Set<() => void>();

/** Fetches the renderer. Called early by a notebook that has Markdown. */
export function prepareMarkdown(): Promise<void> {
  asked ??= import("./markdown").then((loaded) => {
    build = loaded.markdownTree;
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
  /** Goes to a heading or anchor that is not in this text. */
  readonly onAnchor?: (anchor: string) => void;
}

export function MarkdownView({ source, surroundings, onAnchor }: MarkdownViewProps) {
  const place = useRef<HTMLDivElement>(null);
  const isDark = useDark();
  const current = useSyncExternalStore(subscribe, () => build);

  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    if (!current) {
      element.textContent = source;
      void prepareMarkdown();
      return;
    }
    element.replaceChildren(current(source, surroundings));
    if (element.querySelector(".formula")) void drawFormulas(element);
  }, [source, surroundings, current]);

  // A diagram's colours are chosen when it is drawn.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the text stands there anew with these
  useEffect(() => {
    const element = place.current;
    if (!element?.querySelector(".diagram")) return;
    const theme = isDark ? "dark" : "light";
    void import("./diagrams").then(({ drawDiagrams }) => drawDiagrams(element, theme));
  }, [source, surroundings, current, isDark]);

  function onClick(event: MouseEvent) {
    const link = event.target instanceof Element ? event.target.closest("a[data-to]") : null;
    if (!(link instanceof HTMLElement)) return;
    event.preventDefault();
    const anchor = link.dataset.to ?? "";
    if (!goWithin(place.current, anchor)) onAnchor?.(anchor);
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the links in it are what is pressed
    // biome-ignore lint/a11y/useKeyWithClickEvents: a link that has the focus is clicked by Enter
    <div ref={place} className="prose" data-raw={current ? undefined : ""} onClick={onClick} />
  );
}

/** Brings the place of this name into sight; false where there is none. */
export function goWithin(root: ParentNode | null, anchor: string): boolean {
  for (const element of root?.querySelectorAll<HTMLElement>("[data-anchor]") ?? []) {
    if (element.dataset.anchor !== anchor) continue;
    element.scrollIntoView({ block: "start" });
    return true;
  }
  return false;
}
