/** Inside the frame: draws each form, and hands what is drawn out again as a picture. */

import { load, serveShipped, setMarkup } from "./markup";
import type { Picture, Shown, ToFrame } from "./messages";
import type { Library } from "./shipped";

type Show = Extract<ToFrame, { kind: "show" }>;

interface PlotlyLibrary {
  newPlot(place: HTMLElement, data: unknown, layout: unknown, config: unknown): Promise<unknown>;
  toImage(place: HTMLElement, options: unknown): Promise<string>;
}
interface VegaView {
  toImageURL(type: "png", scale: number): Promise<string>;
}
type VegaEmbed = (
  place: HTMLElement,
  spec: unknown,
  options: unknown,
) => Promise<{ view: VegaView }>;
interface Mermaid {
  initialize(settings: unknown): void;
  render(id: string, source: string): Promise<{ svg: string }>;
}

declare global {
  var Plotly: PlotlyLibrary | undefined;
  var vegaEmbed: VegaEmbed | undefined;
  var mermaid: Mermaid | undefined;
}

const NEEDS: Readonly<Record<Shown, readonly Library[]>> = {
  html: [],
  svg: [],
  javascript: [],
  plotly: ["plotly"],
  vega: ["vega", "vega-lite", "vega-embed"],
  audio: [],
  video: [],
  diagram: ["mermaid"],
};

const PICTURE_SCALE = 2; // sharp on a dense screen and in a document

let takePicture: () => Promise<Picture | null> = async () => null;
let diagrams = 0;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

export async function draw(place: HTMLElement, message: Show): Promise<void> {
  serveShipped(message.libraries);
  place.dataset.form = message.form;
  const needed = NEEDS[message.form];
  if (needed.length > 0 && message.form !== "diagram") place.replaceChildren("Drawing …");
  for (const library of needed) await load(message.libraries[library]);
  place.replaceChildren();
  takePicture = () => pictureIn(place);
  const { value } = message;
  switch (message.form) {
    case "html":
    case "svg":
      return setMarkup(place, String(value));
    case "javascript":
      new Function("element", String(value))(place);
      return;
    case "plotly":
      return drawPlotly(place, value);
    case "vega":
      return drawVega(place, message);
    case "audio":
    case "video":
      return drawMedia(place, message);
    case "diagram":
      return drawDiagram(place, message);
  }
}

export function pictureOf(): Promise<Picture | null> {
  return takePicture();
}

async function drawPlotly(place: HTMLElement, value: unknown): Promise<void> {
  const library = globalThis.Plotly;
  if (!isObject(value) || !library) throw new Error("this is no plotly figure");
  const layout = isObject(value.layout) ? value.layout : {};
  const config = isObject(value.config) ? value.config : {};
  const wanted = { responsive: true, displaylogo: false, ...config, plotlyServerURL: "" };
  await library.newPlot(place, value.data ?? [], layout, wanted);
  takePicture = async () =>
    pngOf(await library.toImage(place, { format: "png", scale: PICTURE_SCALE }));
}

// Vega's own dark theme draws its grid as bright as its data.
const QUIET_LINES = {
  axis: { domainColor: "#7c8a91", gridColor: "#38434a", tickColor: "#7c8a91" },
  view: { stroke: "#38434a" },
};

async function drawVega(place: HTMLElement, message: Show): Promise<void> {
  const { value } = message;
  if (!isObject(value) || !globalThis.vegaEmbed) throw new Error("this is no Vega chart");
  const isDark = message.theme === "dark";
  const { view } = await globalThis.vegaEmbed(place, value, {
    mode: message.mime.includes("vegalite") ? "vega-lite" : "vega",
    actions: false,
    renderer: "svg",
    ...(isDark ? { theme: "dark" } : {}),
    config: {
      background: "transparent",
      font: "Source Sans 3 Variable, sans-serif",
      ...(isDark ? QUIET_LINES : {}),
    },
  });
  takePicture = async () => pngOf(await view.toImageURL("png", PICTURE_SCALE));
}

function drawMedia(place: HTMLElement, message: Show): void {
  const player = document.createElement(message.form === "audio" ? "audio" : "video");
  player.controls = true;
  if (!(message.value instanceof Blob)) throw new Error("this is nothing to be played");
  player.src = URL.createObjectURL(message.value);
  place.append(player);
}

/** The diagram as a drawing that stands for itself: it is shown elsewhere, as a picture. */
async function drawDiagram(place: HTMLElement, message: Show): Promise<void> {
  const library = globalThis.mermaid;
  if (!library) throw new Error("diagrams cannot be drawn");
  library.initialize({
    startOnLoad: false,
    securityLevel: "strict",
    suppressErrorRendering: true,
    theme: message.theme === "dark" ? "dark" : "neutral",
    // A picture has no fonts of the page's; what is measured here must be what is drawn there.
    fontFamily: "sans-serif",
    htmlLabels: false,
    flowchart: { htmlLabels: false },
  });
  diagrams += 1;
  const { svg } = await library.render(`diagram-${diagrams}`, String(message.value));
  place.innerHTML = svg;
}

function pngOf(address: string): Picture | null {
  const base64 = address.startsWith("data:image/png;base64,") ? address.split(",")[1] : undefined;
  return base64 === undefined ? null : { form: "png", base64 };
}

/** A drawing, a canvas or a picture, where the output is one. */
async function pictureIn(place: HTMLElement): Promise<Picture | null> {
  const found = place.querySelector("svg, canvas, img");
  if (found instanceof SVGSVGElement) return drawingOf(found);
  if (found instanceof HTMLCanvasElement) return pngOf(found.toDataURL("image/png"));
  if (!(found instanceof HTMLImageElement)) return null;
  await found.decode();
  const canvas = document.createElement("canvas");
  canvas.width = found.naturalWidth;
  canvas.height = found.naturalHeight;
  canvas.getContext("2d")?.drawImage(found, 0, 0);
  return pngOf(canvas.toDataURL("image/png"));
}

function drawingOf(drawn: SVGSVGElement): Picture {
  const copy = drawn.cloneNode(true);
  if (!(copy instanceof SVGSVGElement)) throw new Error("a drawing's copy is no drawing");
  const box = drawn.getBoundingClientRect();
  const own = drawn.viewBox.baseVal;
  const width = Math.ceil(own?.width || box.width);
  const height = Math.ceil(own?.height || box.height);
  copy.setAttribute("width", String(width));
  copy.setAttribute("height", String(height));
  copy.removeAttribute("style");
  const svg = new XMLSerializer().serializeToString(copy);
  return { form: "svg", svg, width, height };
}
