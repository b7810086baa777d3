/** Which side panel is open; kept in this browser. A plain store. */

import { useSyncExternalStore } from "react";

export type PanelName = "contents" | "variables" | "history" | "kernel" | "files" | "debugger";

export const PANELS: readonly { readonly name: PanelName; readonly title: string }[] = [
  { name: "contents", title: "Contents" },
  { name: "variables", title: "Variables" },
  { name: "history", title: "History of the cell" },
  { name: "kernel", title: "Kernel" },
  { name: "files", title: "Files" },
  { name: "debugger", title: "Debugger" },
];

const KEY = "tailrace.panel";
const LAST_KEY = "tailrace.panel.last";
const listeners = new Set<() => void>();

function named(value: string | null): PanelName | null {
  return PANELS.find((panel) => panel.name === value)?.name ?? null;
}

let open: PanelName | null = named(localStorage.getItem(KEY));

// What was left open stands beside the cells; on a narrow screen it would hide them.
if (window.matchMedia("(max-width: 48rem)").matches) open = null;

function set(name: PanelName | null): void {
  open = name;
  localStorage.setItem(KEY, name ?? "");
  if (name) localStorage.setItem(LAST_KEY, name);
  for (const listener of listeners) listener();
}

export function openPanel(name: PanelName): void {
  set(name);
}

export function closePanel(): void {
  set(null);
}

export function togglePanel(name: PanelName): void {
  set(open === name ? null : name);
}

/** Opens the one that was open last, or closes the one that is. */
export function togglePanels(): void {
  set(open ? null : (named(localStorage.getItem(LAST_KEY)) ?? "contents"));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useOpenPanel(): PanelName | null {
  return useSyncExternalStore(subscribe, () => open);
}
