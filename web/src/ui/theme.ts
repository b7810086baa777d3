/** Light, dark, or as the system says; kept in this browser. */

import { useSyncExternalStore } from "react";

export type Theme = "system" | "light" | "dark";

const KEY = "tailrace.theme";
const listeners = new Set<() => void>();
const systemDark = window.matchMedia("(prefers-color-scheme: dark)");

function stored(): Theme {
  const value = localStorage.getItem(KEY);
  return value === "light" || value === "dark" ? value : "system";
}

let theme: Theme = stored();
let isPrinting = false;

function changed() {
  for (const listener of listeners) listener();
}

/** Puts the stored theme on the document. Once, before the first paint. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = theme;
  systemDark.addEventListener("change", changed);
  for (const name of ["beforeprint", "afterprint"]) {
    window.addEventListener(name, () => {
      isPrinting = name === "beforeprint";
      changed();
    });
  }
}

const chosen = new Set<(theme: Theme) => void>();

/** Calls back whenever another theme is set, so that the choice can be kept elsewhere too. */
export function onThemeChosen(listener: (theme: Theme) => void): () => void {
  chosen.add(listener);
  return () => chosen.delete(listener);
}

export function setTheme(next: Theme): void {
  if (next === theme) return;
  theme = next;
  localStorage.setItem(KEY, next);
  document.documentElement.dataset.theme = next;
  changed();
  for (const listener of chosen) listener(next);
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, () => theme);
}

/** Whether dark colours are on the screen now. Paper is never dark. */
export function useDark(): boolean {
  return useSyncExternalStore(subscribe, () => {
    if (isPrinting) return false;
    return theme === "system" ? systemDark.matches : theme === "dark";
  });
}
