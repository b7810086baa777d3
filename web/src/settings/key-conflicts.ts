/** Whether a key can be given to a command: what stands in its way, and why it will not do. Pure. */

import { keyWords, partsOf, typesText } from "../ui/key-names";
import type { Reach } from "./bound-keys";

interface Reaching {
  readonly id: string;
  readonly title: string;
  readonly keys: readonly string[];
  readonly reach: Reach;
}

/** A sentence for a person; null when the key is free for it. */
export function problemOf(
  commands: readonly Reaching[],
  command: Reaching,
  key: string,
): string | null {
  if (command.reach === "text" && typesText(key)) {
    return `${keyWords(key)} is for the text itself. Take a key with Ctrl or Alt, or one like F6.`;
  }
  const other = inTheWay(commands, command, key);
  return other && `${keyWords(key)} is already there for “${other.title}”; take it away first.`;
}

/**
 * The command that stands in the way of a new key: it has the key itself, or one of the two is
 * the first press of the other (`D` and `D D`), and both would be meant by it somewhere.
 */
export function inTheWay<C extends Reaching>(
  commands: readonly C[],
  command: Reaching,
  key: string,
): C | null {
  const wanted = plain(key);
  return (
    commands.find(
      (other) =>
        other.id !== command.id &&
        meet(command.reach, other.reach, key) &&
        other.keys.map(plain).some((theirs) => overlap(theirs, wanted)),
    ) ?? null
  );
}

function overlap(one: string, other: string): boolean {
  return one === other || one.startsWith(`${other} `) || other.startsWith(`${one} `);
}

/** Whether there is a place where both would obey the key. */
function meet(one: Reach, other: Reach, key: string): boolean {
  const inCommandMode = one !== "text" && other !== "text";
  const whileTyping = one !== "command" && other !== "command" && !typesText(key);
  return inCommandMode || whileTyping;
}

/** The second sign of the keys that have two, as most keyboards print them. */
const SHIFTED: ReadonlyMap<string, string> = new Map(
  ["`~", "1!", "2@", "3#", "4$", "5%", "6^", "7&", "8*", "9(", "0)", "-_", "=+"]
    .concat(["[{", "]}", "\\|", ";:", "'\"", ",<", ".>", "/?"])
    .map((pair) => [pair.slice(0, 1), pair.slice(1)]),
);

/** As a press is named (`nameOf`), where a table writes it plainer: `Ctrl+Shift+-` is `Ctrl+_`. */
function plain(key: string): string {
  return key
    .split(" ")
    .map((press) => {
      const held = partsOf(press);
      const sign = SHIFTED.get(held.at(-1) ?? "");
      if (sign === undefined || !held.includes("Shift")) return press;
      return [...held.slice(0, -1).filter((part) => part !== "Shift"), sign].join("+");
    })
    .join(" ");
}

export function isSameKey(one: string, other: string): boolean {
  return plain(one) === plain(other);
}
