/** An exception: what went wrong first, then the way there, libraries folded away. */

import { type ReactNode, useLayoutEffect, useRef } from "react";
import type { ErrorOutput } from "../../protocol/generated";
import { PLAIN, withoutEscapes } from "../../ui/ansi";
import { Button } from "../../ui/button";
import { drawLine } from "../../ui/draw-line";
import { notify } from "../../ui/notices";
import { counted } from "../../ui/words";
import { errorText, type Frame, framesOf, groupsOf } from "./traceback";

/** What the place that shows an error can do about it. */
export interface ErrorActs {
  /** Goes to this line of the cell that ran under this count. */
  readonly goToCell?: (count: number, line: number) => void;
  /** A way out that is offered with the error: a package to install. */
  readonly offer?: (output: ErrorOutput) => ReactNode;
}

interface ErrorViewProps {
  readonly output: ErrorOutput;
  readonly acts: ErrorActs;
}

export function ErrorView({ output, acts }: ErrorViewProps) {
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
      {acts.offer?.(output)}
      {groups.length > 0 && (
        <div className="error-frames">
          {groups.map((group, at) => {
            const drawn = group.map((frame, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a traceback does not change
              <TraceFrame key={index} frame={frame} goToCell={acts.goToCell} />
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

function TraceFrame(props: { readonly frame: Frame; readonly goToCell: ErrorActs["goToCell"] }) {
  const { frame, goToCell } = props;
  const place = useRef<HTMLPreElement>(null);
  const { cell } = frame;
  const goTo = cell && goToCell ? () => goToCell(cell.count, cell.line) : null;
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
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset holds no code */}
      <pre
        ref={place}
        className="text"
        role="group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolled box is reached by keyboard
        tabIndex={0}
        aria-label={frame.title}
      />
    </div>
  );
}

async function copyError(output: ErrorOutput): Promise<void> {
  try {
    await navigator.clipboard.writeText(errorText(output));
    notify({ text: "The error is on the clipboard" });
  } catch {
    notify({ text: "The browser did not allow copying", tone: "failure" });
  }
}
