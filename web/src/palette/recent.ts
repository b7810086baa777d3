/** Commands that were chosen in the palette, newest first; kept in this browser. */

const KEY = "tailrace.recent-commands";
const MOST = 8;

export function recentCommands(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((each) => typeof each === "string") : [];
  } catch {
    return []; // somebody else wrote there
  }
}

export function noteCommand(id: string): void {
  const others = recentCommands().filter((each) => each !== id);
  localStorage.setItem(KEY, JSON.stringify([id, ...others].slice(0, MOST)));
}
