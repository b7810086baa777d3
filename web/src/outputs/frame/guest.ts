/**
 * Inside the frame: waits for its port, draws what it is given, tells its height.
 *
 * This runs beside other people's script and trusts nobody, itself included: the walls are
 * the sandbox and the policy of `frame.html`, not this code.
 */

import { messageOf } from "../../core/message-of";
import "../../ui/fonts.css";
import "../../ui/tokens.css";
import "./guest.css";
import { draw, pictureOf } from "./drawing";
import { sitesInside } from "./markup";
import { type FromFrame, readToFrame } from "./messages";
import { applyPolicy } from "./policy";

const HEIGHTS_A_SECOND = 40; // a page that answers its own height with a new one is stopped

const place = document.createElement("main");
let port: MessagePort | null = null;
let isOpened = false;
let shows: "output" | "widgets" = "output";
let drawn: Promise<void> = Promise.resolve();
const blocked = new Set<string>();

function say(message: FromFrame): void {
  port?.postMessage(message);
}

function complain(problem: unknown): void {
  const text = messageOf(problem);
  if ([...place.querySelectorAll(".problem")].some((box) => box.textContent === text)) return;
  const box = document.createElement("pre");
  box.className = "problem";
  box.textContent = text;
  place.append(box);
}

/** The page offers to open the network; where that would not help, it is said here. */
function tellBlocked(host: string): void {
  if (blocked.has(host)) return;
  blocked.add(host);
  say({ kind: "blocked", host });
}

async function receive(data: unknown): Promise<void> {
  const message = readToFrame(data);
  if (!message) return;
  switch (message.kind) {
    case "theme":
      document.documentElement.dataset.theme = message.theme;
      return;
    case "show":
      document.documentElement.dataset.theme = message.theme;
      isOpened = message.isOpened;
      // One after the other: a second chart must not be drawn into the first.
      drawn = drawn.then(() => draw(place, message)).catch(complain);
      await drawn;
      if (!isOpened) for (const host of sitesInside(place)) tellBlocked(host);
      return;
    case "take-picture": {
      await drawn;
      const picture = await pictureOf().catch(() => null);
      say({ kind: "picture", ask: message.ask, picture });
      return;
    }
  }
}

/** Widgets bring half a megabyte with them, so it comes where one is shown. */
async function showWidgets(given: MessagePort): Promise<void> {
  const [{ startWidgets }, { drawFormulasIn, drawOutput }] = await Promise.all([
    import("../../widgets/frame/start"),
    import("./widget-output"),
  ]);
  startWidgets(given, place, { output: drawOutput, formulas: drawFormulasIn });
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

applyPolicy();
document.body.append(place);
// A package's front end may fail in something small and go on: the console tells of that.
window.addEventListener("error", (event) => {
  if (shows === "output") complain(event.message);
});
window.addEventListener("unhandledrejection", (event) => {
  if (shows === "output") complain(event.reason);
});
document.addEventListener("securitypolicyviolation", (event) => {
  const url = URL.parse(event.blockedURI);
  if (!url?.protocol.startsWith("http") || url.host === location.host) return;
  if (url.protocol === "https:" && !isOpened) tellBlocked(url.host);
  else complain(`This output may not load from ${url.origin}: outputs load over https only.`);
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
  const isWidgets = event.data === "tailrace-widgets";
  const isOurs = isWidgets || event.data === "tailrace-port";
  if (event.source !== window.parent || !isOurs || !given) return;
  window.removeEventListener("message", first);
  port = given;
  shows = isWidgets ? "widgets" : "output";
  if (isWidgets) showWidgets(given).catch(complain);
  else port.onmessage = (next) => void receive(next.data);
  watchHeight();
  say({ kind: "ready" });
});
