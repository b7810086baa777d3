/**
 * Text a cell printed. Short text is shown whole, in a box of bounded height that follows
 * its end; long text as its first and last lines with a count between them, and on request
 * whole, in a box where only the lines in sight exist.
 */

import { memo, useLayoutEffect, useMemo, useState } from "react";
import type { StreamOutput } from "../../protocol/generated";
import { Button } from "../../ui/button";
import { counted, countWords } from "../../ui/words";
import type { Transcript } from "../transcript";
import { LineSource } from "./line-source";
import { LogView } from "./log-view";
import { PlainText } from "./plain-text";
import { firstLines, lastLines, lineCount } from "./text-parts";

const WHOLE_LINES = 200; // drawn as they are; past this a frame of the page would suffer
const FIRST_LINES = 8;
const LAST_LINES = 24;

interface StreamViewProps {
  readonly output: StreamOutput;
  readonly transcript: Transcript;
}

interface LiveProps extends StreamViewProps {
  /** Whether more may come: a box that is filled before one's eyes is read at its end. */
  readonly isLive: boolean;
}

export const StreamView = memo(function StreamView({ output, transcript, isLive }: LiveProps) {
  const [isOpen, setOpen] = useState(false);
  const source = useMemo(() => new LineSource(transcript), [transcript]);
  const isLong = output.omitted_chars > 0 || output.lines > WHOLE_LINES;

  useLayoutEffect(() => {
    if (isOpen) source.update(output);
  }, [source, output, isOpen]);

  return (
    <div className="stream" data-stream={output.name}>
      {!isLong ? (
        <PlainText text={output.head} followsEnd={isLive} />
      ) : isOpen ? (
        <LogView source={source} onClose={() => setOpen(false)} />
      ) : (
        <Folded output={output} transcript={transcript} onOpen={() => setOpen(true)} />
      )}
    </div>
  );
});

function Folded(props: StreamViewProps & { readonly onOpen: () => void }) {
  const { output, transcript, onOpen } = props;
  const end = output.tail || output.head;
  const first = firstLines(output.head, FIRST_LINES);
  const last = lastLines(end, LAST_LINES);
  const total = lineCount(output.lines, end);
  const hidden = total - FIRST_LINES - LAST_LINES;
  return (
    <>
      <PlainText text={first} isBounded={false} />
      <div className="fold">
        <span>
          {hidden > 0
            ? `… ${countWords(hidden)} of ${counted(total, "line")} not shown`
            : `… ${counted(output.omitted_chars, "character")} not shown`}
        </span>
        <div className="fold-acts">
          {hidden > 0 && (
            <Button look="quiet" icon="expand" onClick={onOpen}>
              Show all
            </Button>
          )}
          <a className="button" data-look="quiet" href={transcript.textAddress} download>
            Download
          </a>
        </div>
      </div>
      <PlainText text={last} isBounded={false} />
    </>
  );
}
