/**
 * Markdown to elements, and nothing that could run: HTML in it is made anew from a list of
 * what may be (`safe-tree.ts`), links lead to the web or to files of the folder, pictures are
 * data or such files. Formulas and diagrams are left as text in marked places;
 * `formulas.ts` and `diagrams.ts` draw them.
 *
 * Loaded on first use, so that a notebook can be typed in before it is here.
 */

import MarkdownIt from "markdown-it";
import footnotes from "markdown-it-footnote";
import { highlighted } from "../../ui/highlight";
import { findFormulas } from "./formula-rule";
import { safeTree } from "./safe-tree";

/** What the words of a source mean where it stands. */
export interface Surroundings {
  /** `attachment:name` to an address; null when there is none. */
  readonly attachment: (name: string) => string | null;
  /** A picture among the files beside the notebook; null when it is none. */
  readonly picture: (path: string) => Promise<string | null> | null;
  /** The page of a file beside the notebook. */
  readonly link: (path: string) => string | null;
}

const NOTHING: Surroundings = { attachment: () => null, picture: () => null, link: () => null };
const PYTHON = new Set(["python", "py", "python3", "ipython", "ipython3"]);

const markdown = new MarkdownIt({ html: true, linkify: true, typographer: false });
const { escapeHtml } = markdown.utils;

markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
markdown.use(findFormulas);
markdown.use(footnotes);

markdown.options.highlight = (source, language) => {
  if (!PYTHON.has(language.toLowerCase())) return "";
  return highlighted(source)
    .map(([text, classes]) =>
      classes === "" ? escapeHtml(text) : `<span class="${classes}">${escapeHtml(text)}</span>`,
    )
    .join("");
};

/** A fence of `mermaid` is a diagram; it is drawn where its place is (`diagrams.ts`). */
const drawFence = markdown.renderer.rules.fence;
markdown.renderer.rules.fence = (tokens, index, options, env, renderer) => {
  const token = tokens[index];
  if (token && /^mermaid\b/.test(token.info.trim())) {
    return `<div class="diagram">${escapeHtml(token.content)}</div>`;
  }
  return drawFence?.(tokens, index, options, env, renderer) ?? "";
};

const TASK = /^\[([ xX])\]\s+/;

/** `- [x] done` becomes a box, ticked, that cannot be changed here. */
markdown.core.ruler.after("inline", "tasks", (state) => {
  for (const [at, token] of state.tokens.entries()) {
    const first = token.children?.[0];
    const item = state.tokens[at - 2];
    if (token.type !== "inline" || item?.type !== "list_item_open" || first?.type !== "text")
      continue;
    const found = TASK.exec(first.content);
    if (!found) continue;
    first.content = first.content.slice(found[0].length);
    item.attrJoin("class", "task");
    const box = new state.Token("task_box", "input", 0);
    box.meta = { isDone: found[1] !== " " };
    token.children?.unshift(box);
  }
});
markdown.renderer.rules.task_box = (tokens, index) =>
  `<input type="checkbox" disabled ${tokens[index]?.meta?.isDone ? 'checked aria-label="Done"' : 'aria-label="Not done"'}> `;

/** The elements of `source`, made anew from what it says. */
export function markdownTree(source: string, surroundings: Surroundings = NOTHING) {
  return safeTree(markdown.render(source, {}), {
    picture: (target) => {
      if (target.startsWith("attachment:")) {
        return surroundings.attachment(decoded(target.slice("attachment:".length)));
      }
      if (/^data:image\/(png|jpeg|gif|webp);base64,/i.test(target)) return target;
      return isRelative(target) ? surroundings.picture(decoded(target)) : null;
    },
    link: (target) => (isRelative(target) ? surroundings.link(decoded(target)) : null),
  });
}

/** The same as text, for a frame: the page itself takes the elements. */
export function renderMarkdown(source: string): string {
  const place = document.createElement("div");
  place.append(markdownTree(source));
  return place.innerHTML;
}

function isRelative(target: string): boolean {
  return target !== "" && !/^(?:[a-z][\w+.-]*:|\/\/|\\)/i.test(target);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a `%` that stands for itself
  }
}
