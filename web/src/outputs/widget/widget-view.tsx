/**
 * A widget: its frame, and what the person is told where there is no kernel behind it.
 *
 * The frame is as nobody as every other (PAGE-8). Beside the few words of all frames it may
 * speak for the widgets it was given, by way of the hub, and for nothing else (WID-1).
 */

import { useCallback, useEffect, useRef, useState } from "react";
import { own } from "../../core/lookup";
import type { Session } from "../../store/session";
import { useSession } from "../../store/use-session";
import type { NotebookSession } from "../../sync/notebook-session";
import { useNotebook } from "../../sync/use-notebook";
import { Button } from "../../ui/button";
import { useDark } from "../../ui/theme";
import { type FramePlace, hubOf } from "../../widgets/hub";
import { readFromFrame, type ToFrame } from "../../widgets/messages";
import { savedIn } from "../../widgets/models";
import { frameAddress, LIBRARIES } from "../frame/frame-port";
import { readFromFrame as readWords } from "../frame/messages";
import { Allowance } from "../frame/traffic";
import { useOutputPlace } from "../place";
import { PlainText } from "../stream/plain-text";

const FIRST_HEIGHT_PX = 32;
// The pointer over a plot is told sixty times a second and more; this is no person.
const MESSAGES_A_SECOND = 1_000;
const MESSAGES_AT_ONCE = 5_000;

/** What a widget needed when it was last drawn, so that the page does not jump. */
const heights = new Map<string, number>();

interface WidgetViewProps {
  readonly modelId: string;
  readonly text: string;
}

export function WidgetView({ modelId, text }: WidgetViewProps) {
  const session = useNotebook();
  const { network } = useOutputPlace();
  const [times, setTimes] = useState(0);
  const isThere = useSession(useCallback((now: Session) => hasComm(now, modelId), [modelId]));
  const hasKernel = useSession(kernelIsReady);
  const wasThere = useRef(false);
  wasThere.current ||= isThere || own(savedOf(session), modelId) !== undefined;
  if (!wasThere.current) {
    return (
      <div className="widget-place">
        <p>The kernel of this widget has ended, and nothing of it was saved. Run the cell again.</p>
        <PlainText text={text} />
      </div>
    );
  }
  return (
    <>
      <Frame
        key={`${modelId} ${times} ${network.isOpened}`}
        modelId={modelId}
        onAgain={() => setTimes(times + 1)}
      />
      {!(isThere && hasKernel) && (
        <p className="output-note">
          No kernel is behind this widget: it shows what it was. Run its cell to use it.
        </p>
      )}
    </>
  );
}

function Frame({ modelId, onAgain }: { readonly modelId: string; readonly onAgain: () => void }) {
  const session = useNotebook();
  const { server, network } = useOutputPlace();
  const isDark = useDark();
  const frame = useRef<HTMLIFrameElement>(null);
  const given = useRef<Window | null>(null);
  const [port, setPort] = useState<MessagePort | null>(null);
  const [height, setHeight] = useState(heights.get(modelId) ?? FIRST_HEIGHT_PX);
  const [end, setEnd] = useState<"left" | "flooded" | null>(null);
  const theme = isDark ? "dark" : "light";
  const now = useRef<"light" | "dark">(theme);
  now.current = theme;

  const connect = () => {
    const target = frame.current?.contentWindow;
    if (!target) return;
    if (given.current === target) {
      setEnd("left"); // another document in the same window: it gets nothing (SEC-25)
      setPort(null);
      return;
    }
    given.current = target;
    const channel = new MessageChannel();
    target.postMessage("tailrace-widgets", "*", [channel.port2]);
    setPort(channel.port1);
  };

  useEffect(() => {
    if (!port) return;
    const allowance = new Allowance(MESSAGES_A_SECOND, MESSAGES_AT_ONCE);
    const send = (message: ToFrame) => port.postMessage(message);
    const place: FramePlace = hubOf(session).attach(send);
    port.onmessage = (event) => {
      if (!allowance.take(performance.now())) {
        setEnd("flooded");
        setPort(null);
        return;
      }
      const asked = readFromFrame(event.data);
      if (asked) {
        place.receive(asked);
        return;
      }
      const word = readWords(event.data);
      if (word?.kind === "height") {
        heights.set(modelId, word.px);
        setHeight(word.px);
      } else if (word?.kind === "escape") {
        frame.current?.closest<HTMLElement>("[data-cell-id]")?.focus();
      } else if (word?.kind === "link" && navigator.userActivation?.isActive) {
        window.open(word.href, "_blank", "noopener,noreferrer");
      }
    };
    send({
      kind: "show-view",
      model_id: modelId,
      prefix: place.prefix,
      libraries: LIBRARIES,
      theme: now.current,
    });
    return () => {
      place.close();
      port.onmessage = null;
      port.close();
    };
  }, [port, session, modelId]);

  useEffect(() => port?.postMessage({ kind: "theme", theme }), [port, theme]);

  if (end !== null) {
    return (
      <div className="fold">
        <span>
          {end === "left"
            ? "This widget went to another page and was stopped."
            : "This widget flooded the page with messages and was stopped."}
        </span>
        <Button look="quiet" onClick={onAgain}>
          Draw it again
        </Button>
      </div>
    );
  }
  return (
    <iframe
      ref={frame}
      className="output-frame"
      data-widget={modelId}
      src={frameAddress(server, network.isOpened)}
      sandbox="allow-scripts"
      referrerPolicy="no-referrer"
      title="Widget"
      style={{ height }}
      onLoad={connect}
    />
  );
}

function hasComm({ confirmed }: Session, id: string): boolean {
  return own(confirmed.comms, id) !== undefined;
}

function kernelIsReady({ confirmed }: Session): boolean {
  return confirmed.kernel.phase === "ready";
}

function savedOf(session: NotebookSession) {
  return savedIn(session.document.metadata.get("widgets"));
}
