/**
 * Inside a frame that shows a widget: the manager, ipywidgets' own controls, and the port.
 *
 * As in every frame of outputs nothing here is trusted: the walls are the sandbox, the
 * policy, and what the page reads (`../messages.ts`).
 */

import { messageOf } from "../../core/message-of";
import "@jupyter-widgets/base/css/index.css";
import "@jupyter-widgets/controls/css/widgets-base.css";
import "@lumino/widgets/style/index.css";
import "@fortawesome/fontawesome-free/css/fontawesome.min.css";
import "@fortawesome/fontawesome-free/css/solid.min.css";
import "@fortawesome/fontawesome-free/css/regular.min.css";
import "@fortawesome/fontawesome-free/css/v4-shims.min.css";
import "./widgets.css";
import * as base from "@jupyter-widgets/base";
import * as controls from "@jupyter-widgets/controls";
import { MessageLoop } from "@lumino/messaging";
import { Widget } from "@lumino/widgets";
import { readToFrame, type ToFrame } from "../messages";
import { Outbox } from "./comm";
import { FrameManager } from "./manager";
import { Modules } from "./modules";
import { type DrawItem, type Item, OutputModel, outputView } from "./output";

export type Libraries = { readonly [name: string]: string };

/** What frames of outputs can draw besides widgets. */
export interface Drawing {
  readonly output: (place: HTMLElement, item: Item, libraries: Libraries) => Promise<void>;
  /** Draws the formulas in an element's text. */
  readonly formulas: (place: HTMLElement) => void;
}

const VIEW_MIME = "application/vnd.jupyter.widget-view+json";

/** Takes the port over and shows the view that the page names in `place`. */
export function startWidgets(port: MessagePort, place: HTMLElement, drawing: Drawing): void {
  let libraries: Libraries = {};
  const outbox = new Outbox(
    (message) => port.postMessage(message),
    (problem) => tell(place, problem),
  );
  const drawItem: DrawItem = async (inside, item) => {
    const data = item.data;
    const view = typeof data === "object" && data !== null ? Reflect.get(data, VIEW_MIME) : null;
    const id = view === null || view === undefined ? null : Reflect.get(view, "model_id");
    if (typeof id === "string") await showView(manager, id, inside);
    else await drawing.output(inside, item, libraries);
  };
  const modules = new Modules((message) => port.postMessage(message), {
    "@jupyter-widgets/base": base,
    "@jupyter-widgets/controls": controls,
    "@jupyter-widgets/output": { OutputModel, OutputView: outputView(drawItem) },
  });
  const manager = new FrameManager(outbox, modules, drawing.formulas);

  const receive = (message: ToFrame) => {
    switch (message.kind) {
      case "theme":
        document.documentElement.dataset.theme = message.theme;
        break;
      case "show-view":
        document.documentElement.dataset.theme = message.theme;
        libraries = message.libraries;
        outbox.begin(message.prefix);
        void showView(manager, message.model_id, place);
        break;
      case "module-file":
        modules.receive(message);
        break;
      default:
        manager.receive(message);
    }
  };
  port.onmessage = (event) => {
    const message = readToFrame(event.data);
    if (message) receive(message);
  };
  window.addEventListener("resize", () => {
    for (const widget of shown) MessageLoop.postMessage(widget, Widget.ResizeMessage.UnknownSize);
  });
}

const TOLD_MS = 6_000;

/** What became of a change, below the widget, for a while. */
function tell(place: HTMLElement, problem: string): void {
  const box = place.querySelector(":scope > .widget-told") ?? document.createElement("p");
  box.className = "widget-told";
  box.setAttribute("role", "status");
  box.textContent = problem;
  place.append(box);
  setTimeout(() => box.remove(), TOLD_MS);
}

const shown = new Set<Widget>();

async function showView(manager: FrameManager, id: string, place: HTMLElement): Promise<void> {
  place.replaceChildren();
  place.dataset.form = "widget";
  try {
    const model = await manager.get_model(id);
    const view = await manager.create_view(model, {});
    if (!(view instanceof base.DOMWidgetView)) throw new Error("This widget has nothing to show.");
    const { luminoWidget } = view;
    place.replaceChildren();
    Widget.attach(luminoWidget, place);
    shown.add(luminoWidget);
    luminoWidget.disposed.connect(() => shown.delete(luminoWidget));
    document.documentElement.dataset.live = String(model.comm_live);
  } catch (problem) {
    const box = document.createElement("p");
    box.className = "widget-gone";
    box.textContent = messageOf(problem);
    place.replaceChildren(box);
  }
}
