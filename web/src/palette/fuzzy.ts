/** How well a few typed letters fit a title. Linear in the title; pure. */

export interface Fit {
  readonly score: number;
  /** Which characters of the title were meant. */
  readonly at: readonly number[];
}

/** Null when the letters do not all occur, in order. Blanks in the query do not count. */
export function fitOf(query: string, title: string): Fit | null {
  const wanted = query.toLowerCase().replaceAll(" ", "");
  const text = title.toLowerCase();
  if (wanted === "") return { score: 0, at: [] };
  const whole = text.indexOf(query.toLowerCase().trim());
  if (whole >= 0) {
    const at = Array.from({ length: query.trim().length }, (_, offset) => whole + offset);
    return { score: 1_000 - whole + (isStart(text, whole) ? 500 : 0) - text.length / 100, at };
  }
  return byStarts(wanted, text) ?? inOrder(wanted, text);
}

function isStart(text: string, at: number): boolean {
  return at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] ?? "");
}

/** Each letter is the next of what was matched, or begins a word: `raa` is "run all above". */
function byStarts(wanted: string, text: string): Fit | null {
  const at: number[] = [];
  let from = 0;
  for (const letter of wanted) {
    let place = at.length > 0 && text[from] === letter ? from : -1;
    for (let next = from; place < 0 && next < text.length; next += 1) {
      if (text[next] === letter && isStart(text, next)) place = next;
    }
    if (place < 0) return null;
    at.push(place);
    from = place + 1;
  }
  return { score: 600 - (at[0] ?? 0) - text.length / 100, at };
}

function inOrder(wanted: string, text: string): Fit | null {
  const at: number[] = [];
  let from = 0;
  for (const letter of wanted) {
    const place = text.indexOf(letter, from);
    if (place < 0) return null;
    at.push(place);
    from = place + 1;
  }
  const spread = (at.at(-1) ?? 0) - (at[0] ?? 0);
  return { score: 100 - spread - (at[0] ?? 0) / 10, at };
}
