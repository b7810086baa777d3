/**
 * Markdown to HTML, and nothing that could run: raw HTML stays text, links lead to the web
 * or within the folder, pictures are data or come from our server. Formulas are left as
 * text in marked places; `formulas.ts` draws them.
 *
 * Loaded on first use, so that a notebook can be typed in before it is here.
 */

import MarkdownIt from "markdown-it";
import { highlighted } from "../../ui/highlight";
import { findFormulas } from "./formula-rule";

export interface Surroundings {
  /** `attachment:name` to an address; null when there is none. */
  readonly attachment: (name: string) => string | null;
}

const NOTHING: Surroundings = { attachment: () => null };
const ATTACHMENT = Symbol("attachment");
const PYTHON = new Set(["python", "py", "python3", "ipython", "ipython3"]);

const markdown = new MarkdownIt({ html: false, linkify: true, typographer: false });
const { escapeHtml } = markdown.utils;

markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
markdown.use(findFormulas);

markdown.options.highlight = (source, language) => {
  if (!PYTHON.has(language.toLowerCase())) return "";
  return highlighted(source)
    .map(([text, classes]) =>
      classes === "" ? escapeHtml(text) : `<span class="${classes}">${escapeHtml(text)}</span>`,
    )
    .join("");
};

markdown.renderer.rules.link_open = (tokens, index, options, _env, renderer) => {
  const token = tokens[index];
  const href = String(token?.attrGet("href") ?? "");
  if (/^https?:/i.test(href)) {
    token?.attrSet("target", "_blank");
    token?.attrSet("rel", "noopener noreferrer");
  }
  return renderer.renderToken(tokens, index, options);
};

markdown.renderer.rules.image = (tokens, index, _options, env) => {
  const token = tokens[index];
  const source = String(token?.attrGet("src") ?? "");
  const words = escapeHtml(token?.content ?? "");
  const address = source.startsWith("attachment:")
    ? attachmentOf(env)(decodeURIComponent(source.slice("attachment:".length)))
    : /^data:image\/(png|jpeg|gif|webp);base64,/i.test(source)
      ? source
      : null;
  if (address !== null) return `<img src="${escapeHtml(address)}" alt="${words}">`;
  // Opening a notebook fetches nothing from elsewhere: the picture is a link until asked for.
  if (/^https?:/i.test(source)) {
    const href = escapeHtml(source);
    return `<a class="picture-link" href="${href}" target="_blank" rel="noopener noreferrer">${words || href}</a>`;
  }
  return `<span class="picture-missing">${words || escapeHtml(source)}</span>`;
};

function attachmentOf(env: object | undefined): Surroundings["attachment"] {
  const found = env && ATTACHMENT in env ? env[ATTACHMENT] : null;
  return typeof found === "function" ? (name) => String(found(name) ?? "") || null : () => null;
}

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

export function renderMarkdown(source: string, surroundings: Surroundings = NOTHING): string {
  return markdown.render(source, { [ATTACHMENT]: surroundings.attachment });
}
