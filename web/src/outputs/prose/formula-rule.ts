/**
 * Finds formulas in Markdown before emphasis can break them: `$…$`, `$$…$$`, `\(…\)`,
 * `\[…\]` and `\begin{…}…\end{…}`. A dollar before a digit after a space closes nothing, so
 * "costs $5 or $6" stays text.
 */

import type MarkdownIt from "markdown-it";

type Markdown = InstanceType<typeof MarkdownIt>;

interface Found {
  readonly tex: string;
  readonly isDisplay: boolean;
  readonly end: number;
}

function between(text: string, start: number, open: string, close: string): Found | null {
  const from = start + open.length;
  const to = text.indexOf(close, from);
  if (to === -1 || to === from) return null;
  const isDisplay = open !== "\\(";
  return { tex: text.slice(from, to), isDisplay, end: to + close.length };
}

function environment(text: string, start: number): Found | null {
  const name = /^\\begin\{([a-z]+\*?)\}/.exec(text.slice(start, start + 40))?.[1];
  if (!name) return null;
  const close = `\\end{${name}}`;
  const to = text.indexOf(close, start);
  if (to === -1) return null;
  const end = to + close.length;
  return { tex: text.slice(start, end), isDisplay: true, end };
}

function inDollars(text: string, start: number): Found | null {
  const first = text[start + 1];
  if (first === undefined || /\s/.test(first)) return null;
  let to = start + 1;
  while (to < text.length) {
    to = text.indexOf("$", to);
    if (to === -1) return null;
    const isClose = text[to - 1] !== "\\" && !/\s/.test(text[to - 1] ?? " ");
    if (isClose && !/\d/.test(text[to + 1] ?? "")) {
      return { tex: text.slice(start + 1, to), isDisplay: false, end: to + 1 };
    }
    to += 1;
  }
  return null;
}

/** The formula that begins at `start` of `text`. */
export function formulaAt(text: string, start: number): Found | null {
  if (text.startsWith("$$", start)) return between(text, start, "$$", "$$");
  if (text[start] === "$") return inDollars(text, start);
  if (text.startsWith("\\(", start)) return between(text, start, "\\(", "\\)");
  if (text.startsWith("\\[", start)) return between(text, start, "\\[", "\\]");
  if (text.startsWith("\\begin{", start)) return environment(text, start);
  return null;
}

const BLOCK_STARTS = ["$$", "\\[", "\\begin{"];

/** The markdown-it plugin. */
export function findFormulas(markdown: Markdown): void {
  markdown.inline.ruler.before("escape", "formula", (state, silent) => {
    const found = formulaAt(state.src, state.pos);
    if (!found) return false;
    if (!silent) {
      const token = state.push("formula", "span", 0);
      token.content = found.tex;
      token.meta = { isDisplay: found.isDisplay };
    }
    state.pos = found.end;
    return true;
  });

  // A formula on lines of its own may hold empty lines, lists and rulers: it is taken whole.
  markdown.block.ruler.before(
    "fence",
    "formula",
    (state, startLine, endLine, silent) => {
      const from = (state.bMarks[startLine] ?? 0) + (state.tShift[startLine] ?? 0);
      if (!BLOCK_STARTS.some((start) => state.src.startsWith(start, from))) return false;
      const found = formulaAt(state.src, from);
      if (!found) return false;
      let line = startLine;
      while (line < endLine && (state.eMarks[line] ?? 0) < found.end) line += 1;
      const rest = state.src.slice(found.end, state.eMarks[line] ?? state.src.length);
      if (line >= endLine || rest.trim() !== "") return false;
      if (silent) return true;
      const token = state.push("formula", "div", 0);
      token.content = found.tex;
      token.meta = { isDisplay: true };
      token.block = true;
      token.map = [startLine, line + 1];
      state.line = line + 1;
      return true;
    },
    { alt: ["paragraph", "reference", "blockquote", "list"] },
  );

  markdown.renderer.rules.formula = (tokens, index) => {
    const token = tokens[index];
    const tex = markdown.utils.escapeHtml(token?.content ?? "");
    const tag = token?.block ? "div" : "span";
    return `<${tag} class="formula"${token?.meta?.isDisplay ? " data-display" : ""}>${tex}</${tag}>`;
  };
}
