/** What stands under a cell, in order. Each item wakes only when it changed itself. */

import { useMemo } from "react";
import type { Execution, Output } from "../protocol/generated";
import { counted } from "../ui/words";
import { DisplayView } from "./display-view";
import { ErrorView } from "./error/error-view";
import { useOutputPlace } from "./place";
import { StreamView } from "./stream/stream-view";
import { type Transcript, transcriptOf } from "./transcript";

interface OutputListProps {
  readonly execution: Execution;
  readonly onGoToCell: (count: number) => void;
}

export function OutputList({ execution, onGoToCell }: OutputListProps) {
  const { server, notebookId } = useOutputPlace();
  const { execution_id } = execution;
  const transcript = useMemo(
    () => transcriptOf(server, notebookId, execution_id),
    [server, notebookId, execution_id],
  );
  const { items, omitted_items } = execution.outputs;
  const gap = omitted_items > 0 ? gapIn(items) : -1;
  return items.map((output, at) => (
    <div key={output.index} className="output" data-output={output.kind}>
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
        onGoToCell={onGoToCell}
      />
    </div>
  ));
}

/** Which item is the first after the outputs that were left out. */
function gapIn(items: readonly Output[]): number {
  return items.findIndex((item, at) => at > 0 && item.index !== (items[at - 1]?.index ?? 0) + 1);
}

function Item(props: {
  readonly output: Output;
  readonly transcript: Transcript;
  readonly isLive: boolean;
  readonly onGoToCell: (count: number) => void;
}) {
  const { output, transcript, isLive, onGoToCell } = props;
  switch (output.kind) {
    case "stream":
      return <StreamView output={output} transcript={transcript} isLive={isLive} />;
    case "display":
      return <DisplayView output={output} />;
    case "error":
      return <ErrorView output={output} onGoToCell={onGoToCell} />;
  }
}
