/** An exception: what went wrong first, then the way there, libraries folded away. */

import { type ReactNode, useLayoutEffect, useRef } from "react";
import type { ErrorOutput } from "../../protocol/generated";
import { PLAIN, withoutEscapes } from "../../ui/ansi";
import { Button } from "../../ui/button";
import { drawLine } from "../../ui/draw-line";
import { notify } from "../../ui/notices";
import { counted } from "../../ui/words";
import { type Frame, framesOf, groupsOf } from "./traceback";

interface ErrorViewProps {
  readonly output: ErrorOutput;
  /** Goes to the cell that ran under this count; absent where that is not possible. */
  readonly onGoToCell?: (count: number) => void;
}

export function ErrorView({ output, onGoToCell }: ErrorViewProps) {
  const { name, message, traceback } = output;
  if (name === "KeyboardInterrupt") {
    return <p className="error-interrupted">Interrupted{message ? `: ${message}` : ""}</p>;
  }
  const groups = groupsOf(framesOf(traceback, name));
  return (
    <section className="error" aria-label={`Error: ${name}`}>
      <header className="error-head">
        <p className="error-message">
          <strong>{name}</strong>
          {message !== "" && <span>: {withoutEscapes(message)}</span>}
        </p>
        <Button
          icon="copy"
          label="Copy the error"
          look="quiet"
          onClick={() => void copyError(output)}
        />
      </header>
      {groups.length > 0 && (
        <div className="error-frames">
          {groups.map((group, at) => {
            const drawn = group.map((frame, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a traceback does not change
              <FrameView key={index} frame={frame} onGoToCell={onGoToCell} />
            ));
            // biome-ignore lint/suspicious/noArrayIndexKey: a traceback does not change
            return <Group key={at} frames={group} drawn={drawn} />;
          })}
        </div>
      )}
    </section>
  );
}

function Group({ frames, drawn }: { frames: readonly Frame[]; drawn: ReactNode }) {
  if (frames[0]?.isOwn) return drawn;
  return (
    <details className="error-library">
      <summary>{counted(frames.length, "frame")} in libraries</summary>
      {drawn}
    </details>
  );
}

function FrameView(props: {
  readonly frame: Frame;
  readonly onGoToCell: ((count: number) => void) | undefined;
}) {
  const { frame, onGoToCell } = props;
  const place = useRef<HTMLPreElement>(null);
  const { cell } = frame;
  const goTo = cell && onGoToCell ? () => onGoToCell(cell.count) : null;
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    element.textContent = "";
    let style = PLAIN;
    const lines = frame.text.replace(/\n+$/, "").split("\n");
    for (const [at, line] of lines.entries()) {
      // The title is drawn as a link instead.
      if (at === 0 && goTo) continue;
      const row = document.createElement("span");
      style = drawLine(row, line, style);
      if (/^-+> /.test(withoutEscapes(line))) row.dataset.failing = "";
      if (at < lines.length - 1) row.appendChild(document.createTextNode("\n"));
      element.appendChild(row);
    }
  });
  return (
    <div className="error-frame">
      {goTo && (
        <button type="button" className="error-where" onClick={goTo}>
          {frame.title}
        </button>
      )}
      <pre ref={place} className="text" />
    </div>
  );
}

async function copyError(output: ErrorOutput): Promise<void> {
  const frames = output.traceback.map(withoutEscapes).join("\n");
  const text = frames || `${output.name}: ${output.message}`;
  try {
    await navigator.clipboard.writeText(text);
    notify({ text: "The error is on the clipboard" });
  } catch {
    notify({ text: "The browser did not allow copying", tone: "failure" });
  }
}
