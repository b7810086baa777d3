/**
 * Terminal text to styled runs. One pass, left to right, no regular expression: a hostile
 * megabyte of escapes costs what a plain megabyte costs.
 *
 * Understood: SGR colours (16, 256, true colour), bold, faint, italic, underline, inverse,
 * strike, conceal; OSC 8 links. Every other escape sequence is passed over in silence.
 * Nothing here touches a document.
 */

export interface Style {
  /** `red`, `bright-blue`, `#rrggbb`; null is the default colour. */
  readonly color: string | null;
  readonly background: string | null;
  readonly bold: boolean;
  readonly faint: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly inverse: boolean;
  readonly strike: boolean;
  readonly hidden: boolean;
  readonly link: string | null;
}

export interface Run {
  readonly text: string;
  readonly style: Style;
}

export const PLAIN: Style = {
  color: null,
  background: null,
  bold: false,
  faint: false,
  italic: false,
  underline: false,
  inverse: false,
  strike: false,
  hidden: false,
  link: null,
};

const ESC = 0x1b;
const BEL = 0x07;
const NAMES = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

function named(index: number, bright: boolean): string {
  const name = NAMES[index] ?? "white";
  return bright ? `bright-${name}` : name;
}

function hex(...parts: readonly number[]): string {
  return `#${parts.map((part) => (part & 255).toString(16).padStart(2, "0")).join("")}`;
}

function from256(index: number): string {
  if (index < 8) return named(index, false);
  if (index < 16) return named(index - 8, true);
  if (index < 232) {
    const at = index - 16;
    const level = (step: number) => (step === 0 ? 0 : 55 + step * 40);
    return hex(level(Math.floor(at / 36)), level(Math.floor(at / 6) % 6), level(at % 6));
  }
  const grey = 8 + (index - 232) * 10;
  return hex(grey, grey, grey);
}

/** The colour after `38` or `48` at `at`, and how many parameters it took. */
function extended(codes: readonly number[], at: number): [string | null, number] {
  const [mode, a = 0, b = 0, c = 0] = codes.slice(at + 1, at + 5);
  if (mode === 5) return [a < 256 ? from256(a) : null, 2];
  if (mode === 2) return [hex(a, b, c), 4];
  return [null, 1];
}

function styled(before: Style, codes: readonly number[]): Style {
  const style: { -readonly [key in keyof Style]: Style[key] } = { ...before };
  for (let at = 0; at < codes.length; at += 1) {
    const code = codes[at] ?? 0;
    if (code === 0) Object.assign(style, PLAIN, { link: style.link });
    else if (code === 1) style.bold = true;
    else if (code === 2) style.faint = true;
    else if (code === 3) style.italic = true;
    else if (code === 4 || code === 21) style.underline = true;
    else if (code === 7) style.inverse = true;
    else if (code === 8) style.hidden = true;
    else if (code === 9) style.strike = true;
    else if (code === 22) style.bold = style.faint = false;
    else if (code === 23) style.italic = false;
    else if (code === 24) style.underline = false;
    else if (code === 27) style.inverse = false;
    else if (code === 28) style.hidden = false;
    else if (code === 29) style.strike = false;
    else if (code >= 30 && code <= 37) style.color = named(code - 30, false);
    else if (code === 39) style.color = null;
    else if (code >= 40 && code <= 47) style.background = named(code - 40, false);
    else if (code === 49) style.background = null;
    else if (code >= 90 && code <= 97) style.color = named(code - 90, true);
    else if (code >= 100 && code <= 107) style.background = named(code - 100, true);
    else if (code === 38 || code === 48) {
      const [color, taken] = extended(codes, at);
      if (code === 38) style.color = color;
      else style.background = color;
      at += taken;
    }
  }
  return style;
}

/** Parameters of a control sequence: numbers between `;` or `:`, an empty one is 0. */
function parameters(text: string, from: number, to: number): number[] {
  const codes = [0];
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - 48;
    if (digit >= 0 && digit <= 9) {
      codes.push(Math.min((codes.pop() ?? 0) * 10 + digit, 99_999));
    } else if (digit === 10 || digit === 11) {
      codes.push(0);
    } else {
      return [];
    }
  }
  return codes;
}

/** Only web addresses become links. */
export function isWebAddress(address: string): boolean {
  return address.startsWith("https://") || address.startsWith("http://");
}

function linkOf(body: string): string | null | undefined {
  if (!body.startsWith("8;")) return undefined;
  const address = body.slice(body.indexOf(";", 2) + 1);
  return isWebAddress(address) ? address : null;
}

/** Where the control sequence whose parameters start at `from` has its final byte. */
function endOfControl(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code >= 0x40 && code <= 0x7e) return at;
    if (code < 0x20) return at - 1; // broken off: what follows is text again
    at += 1;
  }
  return at;
}

/**
 * The styled runs of `text`, starting in `style`, and the style it ends in. An escape that
 * the end cuts off is left out.
 */
export function scan(text: string, style: Style = PLAIN): { runs: Run[]; style: Style } {
  const runs: Run[] = [];
  let current = style;
  let start = 0;
  let at = text.indexOf("\u001b");
  const take = (end: number) => {
    if (end > start) runs.push({ text: text.slice(start, end), style: current });
  };
  while (at !== -1) {
    take(at);
    const kind = text[at + 1];
    if (kind === "[") {
      const end = endOfControl(text, at + 2);
      if (text[end] === "m") current = styled(current, parameters(text, at + 2, end));
      start = end + 1;
    } else if (kind === "]") {
      let end = at + 2;
      while (end < text.length && text.charCodeAt(end) !== BEL && text.charCodeAt(end) !== ESC) {
        end += 1;
      }
      const link = linkOf(text.slice(at + 2, end));
      if (link !== undefined) current = { ...current, link };
      start = text.charCodeAt(end) === ESC && text[end + 1] === "\\" ? end + 2 : end + 1;
      if (text.charCodeAt(end) === ESC && text[end + 1] !== "\\") start = end;
    } else {
      start = kind === "(" || kind === ")" ? at + 3 : at + 2;
    }
    at = start < text.length ? text.indexOf("\u001b", start) : -1;
  }
  take(text.length);
  return { runs, style: current };
}

/** `text` without its escapes. */
export function withoutEscapes(text: string): string {
  if (!text.includes("\u001b")) return text;
  return scan(text)
    .runs.map((run) => run.text)
    .join("");
}

/** A line as a terminal shows it after its carriage returns. */
export function foldReturns(line: string): string {
  if (!line.includes("\r")) return line;
  let shown = "";
  for (const part of line.split("\r")) {
    if (part === "") continue;
    const escaped = part.includes("\u001b") || shown.includes("\u001b");
    shown = escaped || part.length >= shown.length ? part : part + shown.slice(part.length);
  }
  return shown;
}

export interface Piece {
  readonly text: string;
  readonly address: string | null;
}

const ENDS_ADDRESS = new Set(" \t\n\r\u00a0\"'<>`\\^{|}");
const NOT_LAST = new Set(".,;:!?)]*");

/** `text` cut where web addresses begin and end. */
export function findAddresses(text: string): Piece[] {
  const pieces: Piece[] = [];
  let start = 0;
  let at = text.indexOf("http");
  while (at !== -1) {
    const head = text.startsWith("https://", at) ? 8 : text.startsWith("http://", at) ? 7 : 0;
    let end = at + head;
    while (head > 0 && end < text.length && !ENDS_ADDRESS.has(text[end] ?? " ")) end += 1;
    while (end > at + head && NOT_LAST.has(text[end - 1] ?? "")) end -= 1;
    if (head > 0 && end > at + head) {
      if (at > start) pieces.push({ text: text.slice(start, at), address: null });
      const address = text.slice(at, end);
      pieces.push({ text: address, address });
      start = end;
    }
    at = text.indexOf("http", Math.max(end, at + 4));
  }
  if (start < text.length) pieces.push({ text: text.slice(start), address: null });
  return pieces;
}
