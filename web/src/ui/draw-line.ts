/** Styled runs as elements. Text is only ever set as text. */

import { findAddresses, foldReturns, isWebAddress, type Run, type Style, scan } from "./ansi";

const LONG_LINE = 4_000; // characters; a longer line is drawn up to here and says so,
const LITTLE = 200; // unless hardly anything is left

/** The lightness at which a colour is read on paper: at most in light, at least in dark. */
const READABLE_L = { light: 0.52, dark: 0.68 };
const MIDDLE_L = 0.62; // of a ground: below it white is read better, above it black

/** A colour that a program chose for black or for white, so that it is read in either theme. */
function readable(color: string): string {
  const { light, dark } = READABLE_L;
  return `light-dark(oklch(from ${color} min(l, ${light}) c h), oklch(from ${color} max(l, ${dark}) c h))`;
}

function colored(color: string): string {
  return color.startsWith("#") ? color : `var(--ansi-${color})`;
}

/** Ink and ground together, so that the one can be read on the other in either theme. */
function inkAndGround(style: Style): { ink: string | null; ground: string | null } {
  const { color, background, inverse } = style;
  if (inverse) {
    return {
      ink: background ? colored(background) : "var(--paper)",
      ground: color ? colored(color) : "var(--ink)",
    };
  }
  const ink = color ? colored(color) : null;
  if (!background) return { ink: color?.startsWith("#") ? readable(color) : ink, ground: null };
  const ground = colored(background);
  if (background.startsWith("#")) {
    return { ink: ink ?? `oklch(from ${ground} clamp(0, (${MIDDLE_L} - l) * 999, 1) 0 0)`, ground };
  }
  // White was chosen for a full colour; any other ink is read better on a tint.
  if (color?.endsWith("white")) {
    return { ink: "white", ground: `color-mix(in oklab, ${ground} 65%, black)` };
  }
  const tint = `color-mix(in oklab, ${ground} 26%, transparent)`;
  return { ink: color === "black" ? "var(--ink)" : ink, ground: tint };
}

function dress(element: HTMLElement, style: Style): void {
  const { ink, ground } = inkAndGround(style);
  if (ink) element.style.color = ink;
  if (ground) element.style.backgroundColor = ground;
  if (style.bold) element.style.fontWeight = "700";
  if (style.faint) element.style.opacity = "0.65";
  if (style.italic) element.style.fontStyle = "italic";
  if (style.hidden) element.style.visibility = "hidden";
  const lines = [style.underline && "underline", style.strike && "line-through"].filter(Boolean);
  if (lines.length > 0) element.style.textDecoration = lines.join(" ");
}

/** A link that leaves the page behind nothing: no opener, no referrer. */
export function anchor(address: string, text: string): HTMLElement {
  const link = document.createElement(isWebAddress(address) ? "a" : "span");
  if (link instanceof HTMLAnchorElement) {
    link.href = address;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
  }
  link.textContent = text;
  return link;
}

function appendRun(into: Node, run: Run): void {
  let place = into;
  const plain =
    run.style.color === null &&
    run.style.background === null &&
    !run.style.inverse &&
    !run.style.bold &&
    !run.style.faint &&
    !run.style.italic &&
    !run.style.underline &&
    !run.style.strike &&
    !run.style.hidden;
  if (!plain) {
    const span = document.createElement("span");
    dress(span, run.style);
    into.appendChild(span);
    place = span;
  }
  if (run.style.link) {
    place.appendChild(anchor(run.style.link, run.text));
    return;
  }
  for (const piece of findAddresses(run.text)) {
    place.appendChild(
      piece.address ? anchor(piece.address, piece.text) : document.createTextNode(piece.text),
    );
  }
}

/**
 * Draws one line, without its newline, into `into` and returns the style the next line
 * starts in.
 */
export function drawLine(into: HTMLElement, line: string, style: Style): Style {
  const folded = foldReturns(line);
  if (folded.length <= LONG_LINE + LITTLE) {
    const scanned = scan(folded, style);
    for (const run of scanned.runs) appendRun(into, run);
    return scanned.style;
  }
  const scanned = scan(folded.slice(0, LONG_LINE), style);
  for (const run of scanned.runs) appendRun(into, run);
  const more = document.createElement("button");
  more.type = "button";
  more.className = "more-of-line";
  more.textContent = `… ${folded.length - LONG_LINE} more characters`;
  more.addEventListener("click", () => {
    const rest = scan(folded.slice(LONG_LINE), scanned.style);
    const runs = document.createDocumentFragment();
    for (const run of rest.runs) appendRun(runs, run);
    more.replaceWith(runs);
  });
  into.appendChild(more);
  return scan(folded.slice(LONG_LINE), scanned.style).style;
}
