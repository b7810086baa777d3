/** The first and last lines of a text, without splitting all of it. */

/** The first `count` lines, newlines included. */
export function firstLines(text: string, count: number): string {
  let end = 0;
  for (let line = 0; line < count; line += 1) {
    const newline = text.indexOf("\n", end);
    if (newline === -1) return text;
    end = newline + 1;
  }
  return text.slice(0, end);
}

/** The last `count` lines; a newline at the end does not begin another one. */
export function lastLines(text: string, count: number): string {
  let start = text.endsWith("\n") ? text.length - 1 : text.length;
  for (let line = 0; line < count; line += 1) {
    const newline = text.lastIndexOf("\n", start - 1);
    if (newline === -1 || start === 0) return text;
    start = newline;
  }
  return text.slice(start + 1);
}

/** How many lines a person sees: a newline at the end does not begin another one. */
export function lineCount(newlines: number, text: string): number {
  return newlines + (text === "" || text.endsWith("\n") ? 0 : 1);
}
