/** What stands under a cell, in order. Each item wakes only when it changed itself. */

import { type ReactNode, useMemo } from "react";
import type { Execution, Output, StreamOutput } from "../protocol/generated";
import { withoutEscapes } from "../ui/ansi";
import { counted } from "../ui/words";
import { DisplayView } from "./display-view";
import { type ErrorActs, ErrorView } from "./error/error-view";
import { errorText } from "./error/traceback";
import { type Parts, useOutputParts } from "./output-parts";
import { OutputShell } from "./output-shell";
import type { OutputsLook } from "./output-tools";
import { useOutputPlace } from "./place";
import { StreamView } from "./stream/stream-view";
import { transcriptOf, type WholeTranscript } from "./transcript";

interface OutputListProps {
  readonly execution: Execution;
  readonly errorActs: ErrorActs;
  readonly look: OutputsLook;
  /** Tools exist only where a pointer or the focus is: outputs are many. */
  readonly hasTools: boolean;
}

export function OutputList({ execution, errorActs, look, hasTools }: OutputListProps) {
  const { server, notebookId } = useOutputPlace();
  const { execution_id } = execution;
  const transcript = useMemo(
    () => transcriptOf(server, notebookId, execution_id),
    [server, notebookId, execution_id],
  );
  const { items, omitted_items } = execution.outputs;
  const gap = omitted_items > 0 ? gapIn(items) : -1;
  return items.map((output, at) => (
    <OutputShell
      key={output.index}
      kind={output.kind}
      name={`${execution_id} ${output.index}`}
      hasTools={hasTools}
      look={look}
    >
      {at === gap && (
        <div className="fold">
          <span>… {counted(omitted_items, "output")} not shown</span>
          <a className="button" data-look="quiet" href={transcript.textAddress} download>
            Download the text
          </a>
        </div>
      )}
      <Item
        output={output}
        transcript={transcript}
        isLive={execution.phase !== "finished"}
        errorActs={errorActs}
      />
    </OutputShell>
  ));
}

/** Which item is the first after the outputs that were left out. */
function gapIn(items: readonly Output[]): number {
  return items.findIndex((item, at) => at > 0 && item.index !== (items[at - 1]?.index ?? 0) + 1);
}

function Item(props: {
  readonly output: Output;
  readonly transcript: WholeTranscript;
  readonly isLive: boolean;
  readonly errorActs: ErrorActs;
}) {
  const { output, transcript, isLive, errorActs } = props;
  switch (output.kind) {
    case "stream":
      return (
        <WithParts parts={streamParts(output, transcript)}>
          <StreamView output={output} transcript={transcript} isLive={isLive} />
        </WithParts>
      );
    case "display":
      return <DisplayView output={output} />;
    case "error":
      return (
        <WithParts parts={{ text: () => errorText(output) }}>
          <ErrorView output={output} acts={errorActs} />
        </WithParts>
      );
  }
}

function WithParts({ parts, children }: { parts: Parts; children: ReactNode }) {
  useOutputParts(parts);
  return children;
}

/** What the page holds of it where that is all, else the text as the log has it. */
function streamParts(output: StreamOutput, transcript: WholeTranscript): Parts {
  if (output.omitted_chars > 0) {
    return {
      text: () => transcript.text(),
      file: () => ({ name: "output.txt", content: transcript.textAddress }),
    };
  }
  const text = () => withoutEscapes(output.head);
  return {
    text,
    file: () => ({ name: "output.txt", content: new Blob([text()], { type: "text/plain" }) }),
  };
}
