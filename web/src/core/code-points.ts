/**
 * Lengths and places counted in Unicode code points, as the server counts them.
 *
 * Nearly all text has none beyond the basic plane, and then a code point is a UTF-16 unit:
 * callers that know it (`isBasic`) use plain string methods.
 */

const BEYOND = /[\ud800-\udfff]/;

/** Whether every code point of `text` is one unit. */
export function isBasic(text: string): boolean {
  return !BEYOND.test(text);
}

export function codePoints(text: string): number {
  if (isBasic(text)) return text.length;
  let count = 0;
  for (let unit = 0; unit < text.length; unit += unitsAt(text, unit)) count += 1;
  return count;
}

/** The unit where the code point number `point` begins; the length when there are fewer. */
export function unitOf(text: string, point: number, isKnownBasic = false): number {
  if (isKnownBasic || isBasic(text)) return Math.min(point, text.length);
  let unit = 0;
  for (let left = point; left > 0 && unit < text.length; left -= 1) unit += unitsAt(text, unit);
  return unit;
}

/** `text[from:to]`, in code points. */
export function sliced(text: string, from: number, to?: number): string {
  if (isBasic(text)) return text.slice(from, to);
  return [...text].slice(from, to).join("");
}

/** How many units the code point before `unit` has. */
export function unitsBefore(text: string, unit: number): 1 | 2 {
  return isTrailing(text.charCodeAt(unit - 1)) && unit > 1 ? 2 : 1;
}

function unitsAt(text: string, unit: number): 1 | 2 {
  return isTrailing(text.charCodeAt(unit + 1)) ? 2 : 1;
}

function isTrailing(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
