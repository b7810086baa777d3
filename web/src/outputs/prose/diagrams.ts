/**
 * Draws the diagrams marked in an element. Mermaid is a large program that turns a stranger's
 * text into markup: it runs in a frame without an origin, out of sight, and what comes back
 * is shown as a picture, in which nothing runs, loads or can be clicked (SEC-26).
 *
 * One frame draws all diagrams of the page, one after the other, and goes when it has been
 * idle for a while. What was drawn is kept, so that scrolling back costs nothing.
 */

import { Server } from "../../sync/server";
import { FramePort, frameAddress, LIBRARIES } from "../frame/frame-port";
import type { Picture } from "../frame/messages";

type Drawing = Extract<Picture, { form: "svg" }>;

const IDLE_MS = 20_000;
const KEPT = 60;
const LONGEST = 50_000; // characters of a diagram's text
const BROAD_PX = 1_000; // of the frame: a diagram is laid out for the width of a page

interface Drafter {
  readonly port: FramePort;
  readonly frame: HTMLIFrameElement;
}

const drawn = new Map<string, Drawing>();
let drafter: Promise<Drafter> | null = null;
let queue: Promise<unknown> = Promise.resolve();
let idle: ReturnType<typeof setTimeout> | undefined;

export async function drawDiagrams(root: HTMLElement, theme: "light" | "dark"): Promise<void> {
  for (const place of root.querySelectorAll<HTMLElement>(".diagram")) {
    const source = place.dataset.source ?? place.textContent ?? "";
    place.dataset.source = source;
    const key = `${theme} ${source}`;
    const known = drawn.get(key);
    if (known) show(place, known, source);
    else await draw(place, source, theme, key);
  }
}

async function draw(place: HTMLElement, source: string, theme: "light" | "dark", key: string) {
  if (source.length > LONGEST) return;
  const mine = queue.then(() => drafted(source, theme));
  queue = mine.catch(() => null);
  const picture = await queue;
  if (!isDrawing(picture)) {
    place.dataset.failed = "";
    place.textContent = source;
    return;
  }
  drawn.set(key, picture);
  for (const oldest of drawn.keys()) {
    if (drawn.size <= KEPT) break;
    drawn.delete(oldest);
  }
  show(place, picture, source);
}

function isDrawing(picture: unknown): picture is Drawing {
  return (
    typeof picture === "object" && picture !== null && "form" in picture && picture.form === "svg"
  );
}

function show(place: HTMLElement, picture: Drawing, source: string): void {
  const image = document.createElement("img");
  image.width = picture.width;
  image.height = picture.height;
  image.alt = `Diagram: ${source.trim().slice(0, 500)}`;
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(picture.svg)}`;
  place.dataset.drawn = "";
  delete place.dataset.failed;
  place.replaceChildren(image);
}

async function drafted(source: string, theme: "light" | "dark"): Promise<Picture | null> {
  clearTimeout(idle);
  drafter ??= started();
  const { port } = await drafter;
  const common = { kind: "show", form: "diagram", mime: "text/vnd.mermaid" } as const;
  port.send({ ...common, value: source, libraries: LIBRARIES, theme, isOpened: false });
  const picture = await port.takePicture();
  idle = setTimeout(dismiss, IDLE_MS);
  return picture;
}

function started(): Promise<Drafter> {
  const frame = document.createElement("iframe");
  frame.src = frameAddress(Server.ofPage(), false);
  frame.setAttribute("sandbox", "allow-scripts");
  frame.referrerPolicy = "no-referrer";
  frame.title = "Diagrams are drawn here";
  frame.className = "drafting-frame";
  frame.tabIndex = -1;
  frame.ariaHidden = "true";
  frame.width = String(BROAD_PX);
  return new Promise((resolve) => {
    frame.addEventListener(
      "load",
      () => {
        const target = frame.contentWindow;
        if (!target) return;
        resolve({ frame, port: new FramePort(target, () => {}, dismiss) });
        // Whatever document comes next is given nothing.
        frame.addEventListener("load", dismiss);
      },
      { once: true },
    );
    document.body.append(frame);
  });
}

function dismiss(): void {
  void drafter?.then(({ port, frame }) => {
    port.close();
    frame.remove();
  });
  drafter = null;
}
