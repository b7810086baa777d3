/**
 * The colours in force at a point of a text, as one SGR escape with one spelling.
 *
 * The same as `src/tailrace/core/colours.py`, where the reasons are.
 */

export const RESET = "\x1b[0m";

const OFF: { readonly [code: number]: readonly number[] } = {
  22: [1, 2],
  23: [3],
  24: [4],
  25: [5],
  27: [7],
  28: [8],
  29: [9],
};

/** Attribute number, or which colour → the code that sets it. */
type Pen = Map<number | "foreground" | "background", string>;

const CACHED = 4096;
const cache = new Map<string, string>();

/** The pen after `ESC[<parameters>m` was written with `pen` in force. */
export function afterSgr(pen: string, parameters: string): string {
  const key = `${pen} ${parameters}`;
  let found = cache.get(key);
  if (found === undefined) {
    found = computed(pen, parameters);
    if (cache.size >= CACHED) cache.clear();
    cache.set(key, found);
  }
  return found;
}

function computed(pen: string, parameters: string): string {
  if (/[^0-9;:]/.test(parameters)) return pen;
  const slots: Pen = new Map();
  if (pen) apply(slots, codesOf(pen.slice(2, -1)));
  apply(slots, codesOf(parameters));
  const codes: string[] = [];
  for (let number = 1; number < 10; number += 1) {
    const code = slots.get(number);
    if (code !== undefined) codes.push(code);
  }
  for (const which of ["foreground", "background"] as const) {
    const code = slots.get(which);
    if (code !== undefined) codes.push(code);
  }
  return codes.length > 0 ? `\x1b[${codes.join(";")}m` : "";
}

/** Numbers, with the colon forms (`38:2::r:g:b`, `4:3`) written out by semicolons. */
function codesOf(parameters: string): number[] {
  const codes: number[] = [];
  for (const parameter of parameters.split(";")) {
    if (!parameter.includes(":")) {
      codes.push(numberOf(parameter));
      continue;
    }
    let parts = parameter.split(":");
    const first = numberOf(parts[0] ?? "");
    if (first === 38 || first === 48) {
      // The colour space, which nobody fills.
      if (parts[1] === "2" && parts.length > 5)
        parts = [...parts.slice(0, 2), ...parts.slice(3, 6)];
      codes.push(...parts.map(numberOf));
    } else if (first === 4) {
      codes.push(parts[1] === "0" ? 24 : 4);
    }
  }
  return codes;
}

function numberOf(text: string): number {
  if (text === "") return 0;
  return text.length < 4 ? Number(text) : 999;
}

function apply(slots: Pen, codes: readonly number[]): void {
  let position = 0;
  while (position < codes.length) {
    const code = codes[position] ?? 0;
    position += 1;
    if (code === 0) slots.clear();
    else if (code <= 9) slots.set(code, String(code));
    else if (code === 21) slots.set(4, "4");
    else if (OFF[code]) for (const number of OFF[code]) slots.delete(number);
    else if (within(code, 30, 37) || within(code, 90, 97)) slots.set("foreground", String(code));
    else if (within(code, 40, 47) || within(code, 100, 107)) slots.set("background", String(code));
    else if (code === 39) slots.delete("foreground");
    else if (code === 49) slots.delete("background");
    else if (code === 38 || code === 48) {
      const length = codes[position] === 5 ? 2 : codes[position] === 2 ? 4 : null;
      if (length === null) break; // not a colour: what follows cannot be told apart
      const colour = codes.slice(position, position + length);
      position += length;
      if (colour.length === length && Math.max(...colour) <= 255) {
        slots.set(code === 38 ? "foreground" : "background", [code, ...colour].join(";"));
      }
    }
  }
}

function within(code: number, from: number, to: number): boolean {
  return code >= from && code <= to;
}
