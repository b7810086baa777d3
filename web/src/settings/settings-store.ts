/**
 * The settings as this page has them. The server keeps them; a copy in this browser is there
 * before it has answered. Asked for again when a session hears that they changed, whenever the
 * page is looked at, and now and then where there is no session to hear of it; told at once to
 * the other pages of this browser.
 */

import { useSyncExternalStore } from "react";
import { messageOf } from "../core/message-of";
import type { Server } from "../sync/server";
import { onSettingsNews } from "../sync/settings-news";
import { notify } from "../ui/notices";
import { onThemeChosen, setTheme } from "../ui/theme";
import { DEFAULTS, isEqual, type PageSettings, settingsOf, wireOf } from "./page-settings";

const KEY = "tailrace.settings";
const FOLLOW_MS = 2_000; // a page of files asks about as often for the kernels that live
const listeners = new Set<() => void>();

let settings: PageSettings = kept();
let server: Server | null = null;
let channel: BroadcastChannel | null = null;
let changes = 0; // in flight: what the server answers meanwhile is older than what is here
let choices = 0; // ever: what was asked for before the last one is older, too
let hasNews = false; // of settings that were not asked for meanwhile

function kept(): PageSettings {
  try {
    return settingsOf(JSON.parse(localStorage.getItem(KEY) ?? "{}"));
  } catch {
    return DEFAULTS; // somebody else wrote there
  }
}

export function currentSettings(): PageSettings {
  return settings;
}

function take(next: PageSettings): void {
  if (isEqual(settings, next)) return;
  settings = next;
  localStorage.setItem(KEY, JSON.stringify(wireOf(next)));
  apply();
  for (const listener of listeners) listener();
}

/** What is the document's, not a component's. */
function apply(): void {
  setTheme(settings.theme);
  const { style, dataset } = document.documentElement;
  if (settings.fontSize === DEFAULTS.fontSize) {
    style.removeProperty("--text-code");
    style.removeProperty("--leading-code");
  } else {
    style.setProperty("--text-code", `${settings.fontSize}px`);
    style.setProperty("--leading-code", `${Math.round(settings.fontSize * 1.54)}px`);
  }
  if (settings.wraps) delete dataset.nowrap;
  else dataset.nowrap = "";
}

async function ask(isQuiet = false): Promise<void> {
  if (!server) return;
  hasNews = changes > 0;
  if (hasNews) return;
  const before = choices;
  try {
    const answer = await server.request("GET", "api/v1/settings");
    const found = settingsOf(await answer.json());
    if (changes === 0 && choices === before) take(found);
  } catch (problem) {
    if (isQuiet) return;
    // Without a server the page goes on with what it has; what else is wrong is said.
    const isAway = problem instanceof Error && "status" in problem && problem.status === 0;
    if (!isAway && problem instanceof Error) {
      notify({ text: `The settings could not be read: ${problem.message}`, tone: "failure" });
    }
  }
}

/** Puts the kept settings on the page, then the server's. The returned function ends it. */
export function connectSettings(to: Server): () => void {
  server = to;
  apply();
  void ask();
  const looked = () => {
    if (!document.hidden) void ask();
  };
  window.addEventListener("focus", looked);
  document.addEventListener("visibilitychange", looked);
  const stopNews = onSettingsNews(() => void ask());
  const stopTheme = onThemeChosen((theme) => {
    if (theme !== settings.theme) changeSettings({ theme });
  });
  channel = new BroadcastChannel(KEY);
  channel.addEventListener("message", ({ data }) => take(settingsOf(data)));
  return () => {
    window.removeEventListener("focus", looked);
    document.removeEventListener("visibilitychange", looked);
    stopNews();
    stopTheme();
    channel?.close();
    channel = null;
    server = null;
  };
}

/** For a page that has no session. The returned function ends it. */
export function followSettings(): () => void {
  const timer = setInterval(() => {
    if (!document.hidden) void ask(true);
  }, FOLLOW_MS);
  return () => clearInterval(timer);
}

/** Obeyed at once; taken back, with a word, where the server refuses. */
export function changeSettings(changed: Partial<PageSettings>): void {
  const before = settings;
  take({ ...settings, ...changed });
  if (!server) return;
  changes += 1;
  choices += 1;
  server
    .request("PUT", "api/v1/settings", wireOf(changed))
    .then((answer) => answer.json())
    .then((answer: unknown) => {
      if (changes === 1) take(settingsOf(answer));
      channel?.postMessage(answer);
    })
    .catch((problem: unknown) => {
      take(before);
      const reason = messageOf(problem);
      notify({ text: `The setting was not kept: ${reason}`, tone: "failure" });
    })
    .finally(() => {
      changes -= 1;
      if (changes === 0 && hasNews) void ask();
    });
}

/** Calls back after each change, until the returned function is called. */
export function onSettings(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useSettings(): PageSettings {
  return useSyncExternalStore(onSettings, currentSettings);
}
