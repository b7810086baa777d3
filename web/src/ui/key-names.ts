/** Key presses by name: `Shift+M`, `Ctrl+Enter`; two in a row are `D D`. `Ctrl` is Command on a Mac. */

/** The name of a key press, as the table of commands writes it. */
export function nameOf(
  event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">,
): string {
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  // On most keyboards a shifted sign is another sign; only letters and named keys count it.
  const isShifted = event.shiftKey && (key.length > 1 || key !== event.key.toLowerCase());
  return [
    event.ctrlKey || event.metaKey ? "Ctrl+" : "",
    event.altKey ? "Alt+" : "",
    isShifted ? "Shift+" : "",
    key,
  ].join("");
}

const NAMES: Readonly<Record<string, string>> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
  Ctrl: typeof navigator !== "undefined" && /Mac/.test(navigator.userAgent) ? "⌘" : "Ctrl",
};

/** `Ctrl+Shift+ArrowUp` as people read it: `Ctrl Shift ↑`. */
export function keyWords(key: string): string {
  return key
    .split(" ")
    .map((press) =>
      press
        .split("+")
        .map((part) => NAMES[part] ?? part)
        .join(" "),
    )
    .join(", ");
}
