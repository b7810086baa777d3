/**
 * Inside the frame: waits for its port, draws what it is given, tells its height.
 *
 * This runs beside other people's script and trusts nobody, itself included: the walls are
 * the sandbox and the policy of `frame.html`, not this code.
 */

import "../../ui/fonts.css";
import "../../ui/tokens.css";
import "./guest.css";
import { type FromFrame, readToFrame, type Shown, type ToFrame } from "./messages";
import { type Library, libraryAt } from "./shipped";

interface PlotlyLibrary {
  newPlot(place: HTMLElement, data: unknown, layout: unknown, config: unknown): Promise<unknown>;
}
type VegaEmbed = (place: HTMLElement, spec: unknown, options: unknown) => Promise<unknown>;

declare global {
  var Plotly: PlotlyLibrary | undefined;
  var vegaEmbed: VegaEmbed | undefined;
}

const HEIGHTS_A_SECOND = 40; // a page that answers its own height with a new one is stopped

const place = document.createElement("main");
let port: MessagePort | null = null;
let shipped: Readonly<Record<Library, string>> | null = null;

function say(message: FromFrame): void {
  port?.postMessage(message);
}

function complain(problem: unknown): void {
  const text = problem instanceof Error ? problem.message : String(problem);
  if ([...place.querySelectorAll(".problem")].some((box) => box.textContent === text)) return;
  const box = document.createElement("pre");
  box.className = "problem";
  box.textContent = text;
  place.append(box);
}

async function load(address: string): Promise<void> {
  if (document.querySelector(`script[src="${CSS.escape(address)}"]`)) return;
  await new Promise<void>((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error(`${address} did not load`));
    document.head.append(script);
  });
}

const BARE_IMPORT = /^\s*import\s*(["'])(https:[^"']+)\1;?/gm;

/** The script's text; libraries that it imports and that we ship are loaded before it runs. */
async function withShipped(script: HTMLScriptElement): Promise<string> {
  const text = script.textContent ?? "";
  if (script.type !== "module") return text;
  const wanted = new Set<Library>();
  const rest = text.replace(BARE_IMPORT, (whole, _quote, address: string) => {
    const library = libraryAt(address);
    if (library) wanted.add(library);
    return library ? "" : whole;
  });
  for (const library of wanted) await load(shipped?.[library] ?? "");
  return rest;
}

/** Sets markup and runs its scripts one after the other, as a parser would. */
async function drawMarkup(markup: string): Promise<void> {
  place.innerHTML = markup;
  for (const dead of [...place.querySelectorAll("script")]) {
    if (!(dead instanceof HTMLScriptElement)) continue; // a drawing's own scripts stay still
    const live = document.createElement("script");
    for (const { name, value } of dead.attributes)
      if (name !== "src") live.setAttribute(name, value);
    if (dead.src !== "") live.src = dead.src;
    live.textContent = await withShipped(dead);
    const waits = live.src !== "" && !live.async;
    const settled = new Promise((resolve) => {
      live.onload = live.onerror = resolve;
    });
    dead.replaceWith(live);
    if (waits) await settled;
  }
}

/** Scripts that an output asks of a CDN and that we ship come from us. */
function serveShipped(): void {
  const own = Object.getOwnPropertyDescriptor(HTMLScriptElement.prototype, "src");
  if (!own?.set || !own.get) return;
  const { get, set } = own;
  Object.defineProperty(HTMLScriptElement.prototype, "src", {
    configurable: true,
    enumerable: true,
    get,
    set(this: HTMLScriptElement, address: string) {
      const library = libraryAt(String(address));
      if (library) this.removeAttribute("integrity"); // it names the other copy's bytes
      set.call(this, library && shipped ? shipped[library] : address);
    },
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

const NEEDS: Readonly<Record<Shown, readonly Library[]>> = {
  html: [],
  svg: [],
  javascript: [],
  plotly: ["plotly"],
  vega: ["vega", "vega-lite", "vega-embed"],
};

async function draw(message: Extract<ToFrame, { kind: "show" }>): Promise<void> {
  shipped = message.libraries;
  place.dataset.form = message.form;
  const needed = NEEDS[message.form];
  if (needed.length > 0) place.replaceChildren("Drawing …");
  for (const library of needed) await load(shipped[library]);
  place.replaceChildren();
  const { value } = message;
  switch (message.form) {
    case "html":
    case "svg":
      return drawMarkup(String(value));
    case "javascript":
      new Function("element", String(value))(place);
      return;
    case "plotly": {
      if (!isObject(value) || !globalThis.Plotly) throw new Error("this is no plotly figure");
      const layout = isObject(value.layout) ? value.layout : {};
      const config = isObject(value.config) ? value.config : {};
      const wanted = { responsive: true, displaylogo: false, ...config, plotlyServerURL: "" };
      await globalThis.Plotly.newPlot(place, value.data ?? [], layout, wanted);
      return;
    }
    case "vega": {
      if (!isObject(value) || !globalThis.vegaEmbed) throw new Error("this is no Vega chart");
      await globalThis.vegaEmbed(place, value, {
        mode: message.mime.includes("vegalite") ? "vega-lite" : "vega",
        actions: false,
        renderer: "svg",
        ...(message.theme === "dark" ? { theme: "dark" } : {}),
        config: { background: "transparent", font: "Source Sans 3 Variable, sans-serif" },
      });
      return;
    }
  }
}

function receive(data: unknown): void {
  const message = readToFrame(data);
  if (!message) return;
  document.documentElement.dataset.theme = message.theme;
  if (message.kind === "show") draw(message).catch(complain);
}

function watchHeight(): void {
  let said = -1;
  let recent = 0;
  setInterval(() => {
    recent = 0;
  }, 1000);
  const tell = () => {
    const { bottom } = place.getBoundingClientRect();
    const px = Math.ceil(bottom + window.scrollY);
    if (px === said || recent > HEIGHTS_A_SECOND) return;
    recent += 1;
    said = px;
    say({ kind: "height", px });
  };
  new ResizeObserver(tell).observe(place);
  // A frame that is out of sight is not laid out by itself; asking for its size does it.
  new MutationObserver(tell).observe(place, { childList: true, subtree: true, attributes: true });
  place.addEventListener("load", tell, { capture: true });
}

document.body.append(place);
serveShipped();
window.addEventListener("error", (event) => complain(event.message));
window.addEventListener("unhandledrejection", (event) => complain(event.reason));
document.addEventListener("securitypolicyviolation", (event) => {
  if (event.blockedURI.startsWith("http")) {
    complain(
      `This output asks for something from ${new URL(event.blockedURI).host}. Outputs have no network here.`,
    );
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") say({ kind: "escape" });
});
document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[href]") : null;
  if (!(link instanceof HTMLAnchorElement) || link.getAttribute("href")?.startsWith("#")) return;
  event.preventDefault();
  say({ kind: "link", href: link.href });
});

window.addEventListener("message", function first(event) {
  const [given] = event.ports;
  if (event.source !== window.parent || event.data !== "tailrace-port" || !given) return;
  window.removeEventListener("message", first);
  port = given;
  port.onmessage = (next) => receive(next.data);
  watchHeight();
  say({ kind: "ready" });
});
