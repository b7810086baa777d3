/** Which rows of a list are chosen, by click and by key, as in a desktop's file list. Pure. */

export interface Chosen {
  readonly names: ReadonlySet<string>;
  /** Where a range begins, and the row that keys mean. */
  readonly anchor: string | null;
  readonly at: string | null;
}

export const NOTHING: Chosen = { names: new Set(), anchor: null, at: null };

export interface Press {
  readonly isToggle: boolean;
  readonly isRange: boolean;
}

/** A press on a row that is not to open it. */
export function pressed(chosen: Chosen, order: readonly string[], name: string, by: Press): Chosen {
  if (by.isRange && chosen.anchor !== null) {
    return { names: rangeOf(order, chosen.anchor, name), anchor: chosen.anchor, at: name };
  }
  if (!by.isToggle) return { names: new Set([name]), anchor: name, at: name };
  const names = new Set(chosen.names);
  if (!names.delete(name)) names.add(name);
  return { names, anchor: name, at: name };
}

/** An arrow key and the like: `by` rows further; with Shift the range grows. */
export function stepped(
  chosen: Chosen,
  order: readonly string[],
  by: number,
  isRange: boolean,
): Chosen {
  if (order.length === 0) return NOTHING;
  const now = chosen.at === null ? -1 : order.indexOf(chosen.at);
  const next = now < 0 && by < 0 ? order.length - 1 : Math.max(0, now + by);
  const name = order[Math.min(order.length - 1, next)] ?? "";
  if (isRange) {
    const { anchor: before, names } = chosen;
    const anchor = before !== null && names.has(before) ? before : (chosen.at ?? name);
    return { names: rangeOf(order, anchor, name), anchor, at: name };
  }
  return { names: chosen.names, anchor: name, at: name };
}

/** The next row whose name begins so, after the one that keys mean. */
export function typedTo(chosen: Chosen, order: readonly string[], begin: string): Chosen {
  const wanted = begin.toLowerCase();
  const now = chosen.at === null ? -1 : order.indexOf(chosen.at);
  // One letter goes on to the next name; more letters may mean the one that is reached.
  const from = begin.length > 1 ? now : now + 1;
  const turned = [...order.slice(Math.max(0, from)), ...order.slice(0, Math.max(0, from))];
  const found = turned.find((name) => name.toLowerCase().startsWith(wanted));
  return found === undefined ? chosen : { ...chosen, at: found, anchor: found };
}

/** Without what is not there any more. */
export function stillThere(chosen: Chosen, order: readonly string[]): Chosen {
  const here = new Set(order);
  const names = [...chosen.names].filter((name) => here.has(name));
  const at = chosen.at !== null && here.has(chosen.at) ? chosen.at : null;
  if (names.length === chosen.names.size && at === chosen.at) return chosen;
  return { names: new Set(names), anchor: at, at };
}

function rangeOf(order: readonly string[], from: string, to: string): Set<string> {
  const [a, b] = [order.indexOf(from), order.indexOf(to)];
  if (a < 0 || b < 0) return new Set([to]);
  return new Set(order.slice(Math.min(a, b), Math.max(a, b) + 1));
}
