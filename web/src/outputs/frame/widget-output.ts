/** Inside a frame of widgets: draws what an Output widget caught, by the same means as under
 * a cell. Nothing outside of the frame can be asked for; values are in the output itself. */

import { appendText } from "../../core/outputs";
import { NO_OUTPUTS } from "../../core/state";
import { TextWriter } from "../../ui/text-writer";
import type { Item } from "../../widgets/frame/output";
import type { Libraries } from "../../widgets/frame/start";
import { asText, type Drawer, pickDrawer } from "../pick-renderer";
import { formulaAt } from "../prose/formula-rule";
import { draw } from "./drawing";
import { type Shown, type ToFrame, themeOf } from "./messages";

const KEPT_BY_THE_PAGE: readonly Drawer["kind"][] = ["table", "pdf"];

export async function drawOutput(
  place: HTMLElement,
  item: Item,
  libraries: Libraries,
): Promise<void> {
  switch (item.output_type) {
    case "stream":
      return drawText(place, shownText(String(item.text ?? "")));
    case "error":
      return drawText(place, [item.traceback ?? []].flat().map(String).join("\n"));
    default:
      return drawBundle(place, item, libraries);
  }
}

/** The text as a terminal would show it in the end. */
function shownText(text: string): string {
  const [output] = appendText(NO_OUTPUTS, "stdout", text).items;
  return output?.kind === "stream" ? output.head + output.tail : "";
}

const writers = new WeakMap<HTMLElement, TextWriter>();

function drawText(place: HTMLElement, text: string): void {
  let writer = writers.get(place);
  if (!writer) {
    const box = document.createElement("pre");
    place.replaceChildren(box);
    writer = new TextWriter(box);
    writers.set(place, writer);
  }
  writer.show(text);
}

async function drawBundle(place: HTMLElement, item: Item, libraries: Libraries): Promise<void> {
  const data = typeof item.data === "object" && item.data !== null ? item.data : {};
  const shown = Object.fromEntries(
    Object.entries(data).filter(([mime, value]) => {
      const kind = pickDrawer({ [mime]: value })?.kind;
      return kind !== undefined && !KEPT_BY_THE_PAGE.includes(kind);
    }),
  );
  const drawer = pickDrawer(shown);
  if (!drawer) return drawText(place, `This output has no form shown here: ${Object.keys(data)}`);
  const value: unknown = shown[drawer.mime];
  place.replaceChildren();
  switch (drawer.kind) {
    case "image":
      place.append(pictureOf(drawer.mime, value, item.metadata));
      return;
    case "markdown": {
      // As in Jupyter with HTML in it: here it may be anything.
      const [{ default: MarkdownIt }, { findFormulas }, { drawFormulas }] = await Promise.all([
        import("markdown-it"),
        import("../prose/formula-rule"),
        import("../prose/formulas"),
      ]);
      const markdown = new MarkdownIt({ html: true, linkify: true }).use(findFormulas);
      place.innerHTML = markdown.render(asText(value));
      return drawFormulas(place);
    }
    case "latex":
      place.textContent = asText(value);
      return drawFormulasIn(place);
    case "json":
      return drawText(place, JSON.stringify(value, null, 2));
    case "audio":
    case "video":
      place.append(playerOf(drawer.kind, drawer.mime, value));
      return;
    case "html":
    case "svg":
    case "javascript":
    case "plotly":
    case "vega":
      return draw(place, shownAs(drawer.kind, drawer.mime, value, libraries));
    default:
      return drawText(place, asText(value));
  }
}

/** Formulas in the element's text (`$…$`, `$$…$$`, `\\(…\\)`) are drawn where they stand. */
export function drawFormulasIn(root: HTMLElement): void {
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found: Text[] = [];
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    if (node instanceof Text && /[$\\]/.test(node.data) && !node.parentElement?.closest(".formula"))
      found.push(node);
  }
  for (const text of found) text.replaceWith(...partsOf(text.data));
  if (!root.querySelector(".formula:not([data-drawn])")) return;
  import("../prose/formulas").then(({ drawFormulas }) => drawFormulas(root));
}

function partsOf(source: string): (string | HTMLElement)[] {
  const parts: (string | HTMLElement)[] = [];
  let text = "";
  for (let at = 0; at < source.length; ) {
    const formula = formulaAt(source, at);
    if (!formula) {
      text += source[at];
      at += 1;
      continue;
    }
    const element = document.createElement(formula.isDisplay ? "div" : "span");
    element.className = "formula";
    if (formula.isDisplay) element.dataset.display = "";
    element.textContent = formula.tex;
    parts.push(text, element);
    text = "";
    at = formula.end;
  }
  return [...parts, text];
}

function shownAs(
  form: Shown,
  mime: string,
  value: unknown,
  given: Libraries,
): Extract<ToFrame, { kind: "show" }> {
  const address = (name: string) => given[name] ?? "";
  return {
    kind: "show",
    form,
    mime,
    value: form === "plotly" || form === "vega" ? value : asText(value),
    libraries: {
      plotly: address("plotly"),
      vega: address("vega"),
      "vega-lite": address("vega-lite"),
      "vega-embed": address("vega-embed"),
      mermaid: address("mermaid"),
    },
    theme: themeOf(document.documentElement.dataset.theme),
    isOpened: false,
  };
}

function pictureOf(mime: string, value: unknown, metadata: unknown): HTMLImageElement {
  const picture = document.createElement("img");
  picture.src = `data:${mime};base64,${asText(value).replaceAll(/\s/g, "")}`;
  const sizes: unknown = typeof metadata === "object" && metadata !== null ? metadata : {};
  const own: unknown = Reflect.get(Object(sizes), mime) ?? sizes;
  for (const side of ["width", "height"] as const) {
    const px: unknown = Reflect.get(Object(own), side);
    if (typeof px === "number") picture[side] = px;
  }
  return picture;
}

function playerOf(form: "audio" | "video", mime: string, value: unknown): HTMLMediaElement {
  const player = document.createElement(form);
  player.controls = true;
  player.src = `data:${mime};base64,${asText(value).replaceAll(/\s/g, "")}`;
  return player;
}
