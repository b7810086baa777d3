/**
 * The page's end of a frame: hands the one port over, reads what comes back, and stops
 * listening to a frame that floods it (SEC-25).
 */

import plotlyScript from "plotly.js-dist-min/plotly.min.js?url";
import mermaidScript from "../../../node_modules/mermaid/dist/mermaid.min.js?url";
import vegaScript from "../../../node_modules/vega/build/vega.min.js?url";
import vegaEmbedScript from "../../../node_modules/vega-embed/build/vega-embed.min.js?url";
import vegaLiteScript from "../../../node_modules/vega-lite/build/vega-lite.min.js?url";
import { Server } from "../../sync/server";
import { type FromFrame, type Picture, readFromFrame, type ToFrame } from "./messages";
import type { Library } from "./shipped";
import { Allowance } from "./traffic";

const PICTURE_WITHIN_MS = 20_000; // the frame may first have to fetch its library

/** From where the frame came, which may only load from there. */
function addressOf(path: string): string {
  return Server.ofPage().assetUrl(new URL(path, location.href));
}

/** Asked for when they are sent: a page hosted apart learns late which server it speaks to. */
export const LIBRARIES: Readonly<Record<Library, string>> = {
  get plotly() {
    return addressOf(plotlyScript);
  },
  get vega() {
    return addressOf(vegaScript);
  },
  get "vega-lite"() {
    return addressOf(vegaLiteScript);
  },
  get "vega-embed"() {
    return addressOf(vegaEmbedScript);
  },
  get mermaid() {
    return addressOf(mermaidScript);
  },
};

/** The frame's document; `isOpened` lets what is drawn in it load from other sites. */
export function frameAddress(server: Server, isOpened: boolean): string {
  return server.url(isOpened ? "frame.html?opened" : "frame.html");
}

type Told = Exclude<FromFrame, { kind: "ready" | "picture" }>;

export class FramePort {
  readonly #port: MessagePort;
  readonly #asked = new Map<number, (picture: Picture | null) => void>();
  #asks = 0;

  /** `flooded` is called when the frame is not listened to any more. */
  constructor(target: Window, told: (message: Told) => void, flooded: () => void) {
    const channel = new MessageChannel();
    const allowance = new Allowance();
    this.#port = channel.port1;
    this.#port.onmessage = (event) => {
      if (!allowance.take(performance.now())) {
        this.close();
        flooded();
        return;
      }
      const message = readFromFrame(event.data);
      if (message === null || message.kind === "ready") return;
      if (message.kind === "picture") this.#answer(message.ask, message.picture);
      else told(message);
    };
    // The frame has no origin to name; what is sent is nothing but the port.
    target.postMessage("tailrace-port", "*", [channel.port2]);
  }

  send(message: ToFrame): void {
    this.#port.postMessage(message);
  }

  /** What the frame shows, as it says; null when it is no picture. */
  takePicture(): Promise<Picture | null> {
    this.#asks += 1;
    const ask = this.#asks;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#answer(ask, null), PICTURE_WITHIN_MS);
      this.#asked.set(ask, (picture) => {
        clearTimeout(timer);
        resolve(picture);
      });
      this.send({ kind: "take-picture", ask });
    });
  }

  close(): void {
    this.#port.onmessage = null;
    this.#port.close();
    for (const ask of [...this.#asked.keys()]) this.#answer(ask, null);
  }

  #answer(ask: number, picture: Picture | null): void {
    this.#asked.get(ask)?.(picture);
    this.#asked.delete(ask);
  }
}
