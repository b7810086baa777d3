/** Key presses by name: `Shift+M`, `Ctrl+Enter`; two in a row are `D D`. `Ctrl` is Command on a Mac. */

export const isMac = typeof navigator !== "undefined" && /^(?:Mac|iP)/.test(navigator.platform);

/** The name of a key press, as the table of commands writes it. */
export function nameOf(
  event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">,
): string {
  const isSign = event.key.length === 1 && event.key !== " ";
  const key = isSign ? event.key.toUpperCase() : event.key === " " ? "Space" : event.key;
  // On most keyboards a shifted sign is another sign; only letters and named keys count it.
  const isShifted = event.shiftKey && (key.length > 1 || key !== event.key.toLowerCase());
  return [
    event.ctrlKey || event.metaKey ? "Ctrl+" : "",
    event.altKey ? "Alt+" : "",
    isShifted ? "Shift+" : "",
    key,
  ].join("");
}

/** `Ctrl+Shift+M` in its parts, the key itself last. */
export function partsOf(press: string): string[] {
  return press.split(/\+(?!$)/);
}

const TEXT =
  /^(?:(?:Shift\+)?(?:.|Space|Backspace|Delete|Arrow\w+|Home|End|Page\w+)|Enter|Ctrl\+[CVX])$/u;

/** Whether a field has its own use for the key: it types, erases, moves or copies. */
export function typesText(key: string): boolean {
  return TEXT.test(key.split(" ", 1)[0] ?? "");
}

const NAMES: ReadonlyMap<string, string> = new Map([
  ["ArrowUp", "↑"],
  ["ArrowDown", "↓"],
  ["ArrowLeft", "←"],
  ["ArrowRight", "→"],
  ["Escape", "Esc"],
  ["Ctrl", isMac ? "⌘" : "Ctrl"],
]);

/** `Ctrl+Shift+ArrowUp` as people read it: `Ctrl Shift ↑`, or within a sentence `Ctrl+Shift+↑`. */
export function keyWords(key: string, joint = " "): string {
  const press = (each: string) => partsOf(each).map((part) => NAMES.get(part) ?? part);
  return key
    .split(" ")
    .map((each) => press(each).join(joint))
    .join(", ");
}
