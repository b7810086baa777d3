/** The notebooks opened last in this browser, newest first. */

const KEY = "tailrace.recent-notebooks";
const MOST = 8;

export function recentNotebooks(): readonly string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.filter((each) => typeof each === "string") : [];
  } catch {
    return []; // somebody else wrote there
  }
}

function keep(paths: readonly string[]): void {
  localStorage.setItem(KEY, JSON.stringify(paths.slice(0, MOST)));
}

export function noteNotebook(path: string): void {
  keep([path, ...recentNotebooks().filter((each) => each !== path)]);
}

/** What was at `path`, or below it, is at `to` now; null: nowhere. */
export function movedNotebook(path: string, to: string | null): void {
  keep(
    recentNotebooks().flatMap((each) => {
      if (each !== path && !each.startsWith(`${path}/`)) return [each];
      return to === null ? [] : [to + each.slice(path.length)];
    }),
  );
}
