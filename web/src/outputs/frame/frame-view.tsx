/**
 * Output that may run script, in a frame that is nobody: sandboxed without an origin, so it
 * sees neither the page, nor its cookies, nor the server. The page hands it one port and
 * what to draw, and is told its height.
 *
 * A frame gets its port once. One that went to another document is shown as gone, and one
 * that floods the page is taken away, until a person asks for it again (SEC-25).
 */

import { useCallback, useEffect, useRef, useState } from "react";
import type { Server } from "../../sync/server";
import { Button } from "../../ui/button";
import { notify } from "../../ui/notices";
import { useDark } from "../../ui/theme";
import { useOutputParts } from "../output-parts";
import { useOutputPlace } from "../place";
import { FramePort, frameAddress, LIBRARIES } from "./frame-port";
import type { Shown, ToFrame } from "./messages";

const FIRST_HEIGHT_PX: Readonly<Record<Shown, number>> = {
  html: 24,
  svg: 160,
  javascript: 24,
  plotly: 450,
  vega: 240,
  audio: 54,
  video: 300,
  diagram: 240,
};

const HOSTS_NAMED = 3;

/** Forms whose colours are chosen when they are drawn. */
const REDRAWN: readonly Shown[] = ["plotly", "vega"];

interface FrameViewProps {
  readonly form: Shown;
  readonly mime: string;
  readonly value: unknown;
}

export function FrameView(props: FrameViewProps) {
  const { network } = useOutputPlace();
  const [times, setTimes] = useState(0);
  return (
    <Attempt
      // Another policy is another document.
      key={`${times} ${network.isOpened}`}
      {...props}
      onAgain={() => setTimes(times + 1)}
    />
  );
}

function Attempt({ form, mime, value, onAgain }: FrameViewProps & { onAgain: () => void }) {
  const { server, network } = useOutputPlace();
  const isDark = useDark();
  const frame = useRef<HTMLIFrameElement>(null);
  const given = useRef<Window | null>(null);
  const [port, setPort] = useState<FramePort | null>(null);
  const [height, setHeight] = useState<number | null>(null);
  const [blocked, setBlocked] = useState<readonly string[]>([]);
  const [end, setEnd] = useState<"left" | "flooded" | null>(null);
  const { isOpened } = network;

  const takePicture = useCallback(async () => (await port?.takePicture()) ?? null, [port]);
  useOutputParts({ picture: takePicture });

  function connect() {
    const target = frame.current?.contentWindow;
    if (!target) return;
    // The same window with another document: the output went there. (A cell that is moved
    // takes its frame out and in again, which makes another window.)
    if (given.current === target) {
      port?.close();
      setEnd("left");
      return;
    }
    given.current = target;
    port?.close();
    setPort(
      new FramePort(
        target,
        (message) => {
          if (message.kind === "height") setHeight(message.px);
          else if (message.kind === "escape")
            frame.current?.closest<HTMLElement>("[data-cell-id]")?.focus();
          else if (message.kind === "blocked")
            setBlocked((hosts) =>
              hosts.includes(message.host) || hosts.length === HOSTS_NAMED
                ? hosts
                : [...hosts, message.host],
            );
          else if (navigator.userActivation?.isActive) openLink(message.href, server);
        },
        () => setEnd("flooded"),
      ),
    );
  }

  useEffect(() => () => port?.close(), [port]);

  const theme = isDark ? "dark" : "light";
  const drawnTheme = REDRAWN.includes(form) ? theme : "any";
  const now = useRef(theme);
  now.current = theme;
  useEffect(() => {
    if (!port) return;
    const look = drawnTheme === "any" ? now.current : drawnTheme;
    const show = { kind: "show", form, mime, value, libraries: LIBRARIES } as const;
    const message: ToFrame = { ...show, theme: look === "dark" ? "dark" : "light", isOpened };
    port.send(message);
  }, [port, form, mime, value, drawnTheme, isOpened]);
  useEffect(() => port?.send({ kind: "theme", theme }), [port, theme]);

  if (end !== null) {
    return (
      <div className="fold">
        <span>
          {end === "left"
            ? "This output went to another page and was stopped."
            : "This output flooded the page with messages and was stopped."}
        </span>
        <Button look="quiet" onClick={onAgain}>
          Draw it again
        </Button>
      </div>
    );
  }
  return (
    <>
      <iframe
        ref={frame}
        className="output-frame"
        src={frameAddress(server, isOpened)}
        sandbox="allow-scripts"
        referrerPolicy="no-referrer"
        title={`Output (${mime})`}
        style={{ height: height ?? FIRST_HEIGHT_PX[form] }}
        data-drawn={height === null ? undefined : ""}
        onLoad={connect}
      />
      {blocked.length > 0 && !isOpened && <Blocked hosts={blocked} />}
    </>
  );
}

/** In a tab of its own. Not to this server: an address of its API is no page for a person. */
function openLink(href: string, server: Server): void {
  const host = URL.parse(href)?.host;
  if (host === location.host || host === server.base.host)
    notify({ text: "This link of an output leads nowhere here" });
  else window.open(href, "_blank", "noopener,noreferrer");
}

function Blocked({ hosts }: { readonly hosts: readonly string[] }) {
  const { network } = useOutputPlace();
  return (
    <div className="fold blocked">
      <span>
        This output wants to load from <strong>{hosts.join(", ")}</strong>. Outputs have no network
        here unless you allow it; they see only themselves then, but could send that away.
      </span>
      <Button look="quiet" onClick={network.openHere}>
        Allow in this notebook
      </Button>
      <Button look="quiet" onClick={network.openEverywhere}>
        Always allow
      </Button>
    </div>
  );
}
