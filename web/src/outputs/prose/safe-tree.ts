/**
 * Builds what Markdown said as elements we know, one by one (SEC-26). The HTML is parsed in a
 * document where nothing runs or loads, and read; every element that stands in the page was
 * made here, with attributes from a short list. Nothing is cleaned and then parsed again, so
 * there is no second reading in which it could mean something else.
 *
 * What is not known: an element that holds text gives its contents; one that holds code,
 * another document or a form gives nothing. Names and ids are never taken over.
 */

import { anchorName } from "./anchors";

export interface Links {
  /** A picture's address by what the source calls it; null where it must not be shown. A
   * promise for one that is fetched. */
  readonly picture: (source: string) => string | null | Promise<string | null>;
  /** Where a link leads; null for text only. */
  readonly link: (target: string) => string | null;
}

const KEPT = new Set(
  (
    "a abbr b bdi bdo blockquote br caption center cite code col colgroup dd del details dfn div dl" +
    " dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img input ins kbd li mark ol p pre q rp rt" +
    " ruby s samp section small span strike strong sub summary sup table tbody td tfoot th thead" +
    " time tr tt u ul var wbr font"
  ).split(" "),
);

/** Gone with all they hold: it is not meant to be read. */
const DROPPED = new Set(
  (
    "applet audio base button canvas datalist embed fencedframe form frame frameset head iframe link" +
    " map math meta noembed noframes noscript object optgroup option param plaintext portal" +
    " script select slot style svg template textarea title video xmp"
  ).split(" "),
);

/** Classes by which we mark our own; any other is somebody's wish to look like something. */
const OUR_CLASS = /^(tok-[\w-]+|formula|diagram|task|footnotes(-list)?|footnote-(ref|backref))$/;

const ALIGNMENTS = new Set(["left", "right", "center", "justify"]);
const STYLES: readonly string[] = [
  "color",
  "background-color",
  "text-align",
  "font-weight",
  "font-style",
  "text-decoration-line",
  "width",
  "margin-left",
];
const STYLE_VALUE = /^[\w\s#%.,()/-]{1,60}$/;
const MOST_NODES = 50_000;
const DEEPEST = 120; // levels; a document is read by functions that call themselves

export function safeTree(html: string, links: Links): DocumentFragment {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const tree = document.createDocumentFragment();
  const left = { nodes: MOST_NODES };
  copyInto(tree, parsed.body, links, left, 0);
  return tree;
}

function copyInto(into: Node, from: Node, links: Links, left: { nodes: number }, depth: number) {
  for (const node of from.childNodes) {
    if (left.nodes <= 0) return;
    left.nodes -= 1;
    if (node.nodeType === Node.TEXT_NODE) {
      into.appendChild(document.createTextNode(node.nodeValue ?? ""));
      continue;
    }
    if (!(node instanceof Element)) continue;
    const name = node.localName;
    if (DROPPED.has(name)) continue;
    if (depth >= DEEPEST) {
      into.appendChild(document.createTextNode(node.textContent ?? ""));
      continue;
    }
    const made = KEPT.has(name) ? elementFor(name, node, links) : into;
    if (made === null) continue;
    copyInto(made, node, links, left, depth + 1);
    if (made !== into) into.appendChild(made);
  }
}

/** A new element in place of `given`; null where there is none to show. */
function elementFor(name: string, given: Element, links: Links): HTMLElement | null {
  switch (name) {
    case "img":
      return pictureFor(given, links);
    case "a":
      return linkFor(given, links);
    case "input":
      return boxFor(given);
    default: {
      const made = document.createElement(name === "font" ? "span" : name);
      dress(made, given);
      if (name === "font") setStyle(made, "color", given.getAttribute("color") ?? "");
      return made;
    }
  }
}

function pictureFor(given: Element, links: Links): HTMLElement {
  const source = plainAddress(given.getAttribute("src") ?? "");
  const words = given.getAttribute("alt") ?? "";
  const address = links.picture(source);
  // Opening a notebook fetches nothing from elsewhere: the picture is a link until asked for.
  if (address === null) return pictureLink(source, words);
  const made = document.createElement("img");
  made.alt = words;
  dress(made, given);
  for (const side of ["width", "height"] as const) {
    const value = given.getAttribute(side) ?? "";
    if (/^\d{1,4}%?$/.test(value)) made.setAttribute(side, value);
  }
  if (typeof address === "string") made.src = address;
  else {
    address.then(
      (found) => {
        if (found === null) made.replaceWith(pictureLink(source, words));
        else made.src = found;
      },
      () => made.replaceWith(pictureLink(source, words)),
    );
  }
  return made;
}

function pictureLink(source: string, words: string): HTMLElement {
  const isWeb = /^https?:/i.test(source);
  const made = document.createElement(isWeb ? "a" : "span");
  made.className = isWeb ? "picture-link" : "picture-missing";
  made.textContent = words || source.slice(0, 200);
  if (made instanceof HTMLAnchorElement) leadOut(made, source);
  return made;
}

function linkFor(given: Element, links: Links): HTMLElement {
  const made = document.createElement("a");
  dress(made, given);
  const target = plainAddress(given.getAttribute("href") ?? "");
  if (/^https?:/i.test(target)) leadOut(made, target);
  else if (/^mailto:[^?]{1,200}$/i.test(target)) made.href = target;
  else if (target.startsWith("#")) {
    made.href = "#";
    made.dataset.to = anchorName(target.slice(1));
  } else {
    const address = links.link(target);
    if (address !== null) made.href = address;
  }
  return made;
}

/** As a browser reads it: without blanks around, line ends and tabs within. */
function plainAddress(address: string): string {
  return address.replace(/^[\0- ]+|[\0- ]+$|[\t\n\r]/g, "");
}

function leadOut(link: HTMLAnchorElement, target: string): void {
  link.href = target;
  link.target = "_blank";
  link.rel = "noopener noreferrer";
}

/** A task's box: it shows, it does not ask. */
function boxFor(given: Element): HTMLElement | null {
  if (given.getAttribute("type") !== "checkbox") return null;
  const made = document.createElement("input");
  made.type = "checkbox";
  made.disabled = true;
  made.checked = given.hasAttribute("checked");
  made.ariaLabel = made.checked ? "Done" : "Not done";
  return made;
}

function dress(made: HTMLElement, given: Element): void {
  const classes = [...given.classList].filter((each) => OUR_CLASS.test(each));
  if (classes.length > 0) made.className = classes.join(" ");
  if (given.hasAttribute("data-display")) made.dataset.display = "";
  for (const name of ["title", "lang"] as const) {
    const value = given.getAttribute(name);
    if (value !== null) made.setAttribute(name, value.slice(0, 300));
  }
  const direction = given.getAttribute("dir");
  if (direction === "rtl" || direction === "ltr") made.dir = direction;
  for (const name of ["colspan", "rowspan", "start"]) {
    const value = given.getAttribute(name) ?? "";
    if (/^\d{1,3}$/.test(value)) made.setAttribute(name, value);
  }
  if (made instanceof HTMLDetailsElement) made.open = given.hasAttribute("open");
  const align = given.getAttribute("align")?.toLowerCase() ?? "";
  if (ALIGNMENTS.has(align)) made.style.textAlign = align;
  // As data: an id or a name could stand in the place of something the page looks for.
  const anchor = given.getAttribute("id") ?? given.getAttribute("name");
  if (anchor !== null) made.dataset.anchor = anchorName(anchor);
  else if (/^H[1-6]$/.test(made.tagName)) made.dataset.anchor = anchorName(given.textContent ?? "");
  if (given instanceof HTMLElement) {
    for (const name of STYLES) setStyle(made, name, given.style.getPropertyValue(name));
  }
}

function setStyle(made: HTMLElement, name: string, value: string): void {
  if (STYLE_VALUE.test(value) && !/url|var|expression|initial/i.test(value)) {
    made.style.setProperty(name, value);
  }
}
