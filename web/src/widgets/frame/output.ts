/**
 * ipywidgets' Output widget: what `with out:` caught, drawn in the frame. The kernel keeps
 * the list and says what is added to it (WID-10, WID-11).
 */

import * as base from "@jupyter-widgets/base";
import { withAppendedOutput } from "../../core/appended-output";

export interface Item {
  readonly output_type: string;
  readonly [key: string]: unknown;
}

/** Draws one output of the notebook format into an element that is empty. */
export type DrawItem = (place: HTMLElement, item: Item) => void | Promise<void>;

type CommMessage = Parameters<base.DOMWidgetModel["_handle_comm_msg"]>[0];

export class OutputModel extends base.DOMWidgetModel {
  override defaults() {
    return {
      ...super.defaults(),
      _model_name: "OutputModel",
      _view_name: "OutputView",
      _model_module: "@jupyter-widgets/output",
      _view_module: "@jupyter-widgets/output",
      msg_id: "",
      outputs: [],
    };
  }

  override _handle_comm_msg(message: CommMessage): Promise<void> {
    const { data } = message.content;
    if (data.method !== "append-output") return super._handle_comm_msg(message);
    this.state_change = this.state_change.then(() => {
      this.set_state({ outputs: withAppendedOutput(this.get("outputs") ?? [], data) });
    });
    return this.state_change;
  }
}

/** The view redraws what changed from the first differing output on, once per frame. */
export function outputView(draw: DrawItem) {
  return class OutputView extends base.DOMWidgetView {
    #drawn: Item[] = [];
    #places: HTMLElement[] = [];
    #isDue = false;

    override render(): void {
      super.render();
      this.el.classList.add("jupyter-widgets", "widget-output", "jupyter-widgets-output-area");
      this.listenTo(this.model, "change:outputs", () => this.#request());
      this.#redraw();
    }

    #request(): void {
      if (this.#isDue) return;
      this.#isDue = true;
      // A timer, not an animation frame: those do not come while the frame is out of sight.
      setTimeout(() => {
        this.#isDue = false;
        this.#redraw();
      }, 16);
    }

    #redraw(): void {
      const outputs: readonly Item[] = this.model.get("outputs") ?? [];
      outputs.forEach((item, at) => {
        if (this.#drawn[at] === item) return;
        const place = this.#places[at];
        const isSameKind = this.#drawn[at]?.output_type === item.output_type;
        const next = place && isSameKind ? place : document.createElement("div");
        next.className = `output-item output-${item.output_type}`;
        if (place && next !== place) place.replaceWith(next);
        else if (!place) this.el.append(next);
        this.#places[at] = next;
        this.#drawn[at] = item;
        void draw(next, item);
      });
      for (const place of this.#places.splice(outputs.length)) place.remove();
      this.#drawn.length = outputs.length;
    }
  };
}
