/**
 * Output that may run script, in a frame that is nobody: sandboxed without an origin, so it
 * sees neither the page, nor its cookies, nor the server. The page hands it one port and
 * what to draw, and is told its height.
 */

import plotlyScript from "plotly.js-dist-min/plotly.min.js?url";
import { useEffect, useRef, useState } from "react";
import vegaScript from "../../../node_modules/vega/build/vega.min.js?url";
import vegaEmbedScript from "../../../node_modules/vega-embed/build/vega-embed.min.js?url";
import vegaLiteScript from "../../../node_modules/vega-lite/build/vega-lite.min.js?url";
import { useDark } from "../../ui/theme";
import { useOutputPlace } from "../place";
import { readFromFrame, type Shown, type ToFrame } from "./messages";
import type { Library } from "./shipped";

const FIRST_HEIGHT_PX: Readonly<Record<Shown, number>> = {
  html: 24,
  svg: 160,
  javascript: 24,
  plotly: 450,
  vega: 240,
};

function addressOf(path: string): string {
  return new URL(path, location.href).href;
}

const LIBRARIES: Readonly<Record<Library, string>> = {
  plotly: addressOf(plotlyScript),
  vega: addressOf(vegaScript),
  "vega-lite": addressOf(vegaLiteScript),
  "vega-embed": addressOf(vegaEmbedScript),
};

interface FrameViewProps {
  readonly form: Shown;
  readonly mime: string;
  readonly value: unknown;
}

export function FrameView({ form, mime, value }: FrameViewProps) {
  const { server } = useOutputPlace();
  const isDark = useDark();
  const frame = useRef<HTMLIFrameElement>(null);
  const [port, setPort] = useState<MessagePort | null>(null);
  const [height, setHeight] = useState(FIRST_HEIGHT_PX[form]);

  function connect() {
    const target = frame.current?.contentWindow;
    if (!target) return;
    const channel = new MessageChannel();
    channel.port1.onmessage = (event) => {
      const message = readFromFrame(event.data);
      if (message?.kind === "height") setHeight(message.px);
      else if (message?.kind === "escape")
        frame.current?.closest<HTMLElement>("[data-cell-id]")?.focus();
      else if (message?.kind === "link" && navigator.userActivation?.isActive) {
        window.open(message.href, "_blank", "noopener,noreferrer");
      }
    };
    // The frame has no origin to name; what is sent is nothing but the port.
    target.postMessage("tailrace-port", "*", [channel.port2]);
    setPort(channel.port1);
  }

  useEffect(() => () => port?.close(), [port]);

  useEffect(() => {
    if (!port) return;
    const theme = isDark ? "dark" : "light";
    const message: ToFrame = { kind: "show", form, mime, value, libraries: LIBRARIES, theme };
    port.postMessage(message);
  }, [port, form, mime, value, isDark]);

  return (
    <iframe
      ref={frame}
      className="output-frame"
      src={server.url("frame.html")}
      sandbox="allow-scripts"
      referrerPolicy="no-referrer"
      title={`Output (${mime})`}
      style={{ height }}
      onLoad={connect}
    />
  );
}
