/** Text in a box of bounded height that follows its end while somebody stands there. */

import { useLayoutEffect, useRef } from "react";
import { TextWriter } from "../../ui/text-writer";

const NEAR_END_PX = 24;
const BOUND_CHARS = 2_600; // less than this and fewer lines than the box holds: no box
const BOUND_LINES = 33;

function isLong(text: string): boolean {
  if (text.length > BOUND_CHARS) return true;
  let lines = 0;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) lines += 1;
  return lines > BOUND_LINES;
}

interface PlainTextProps {
  readonly text: string;
  readonly isBounded?: boolean;
  readonly followsEnd?: boolean;
}

export function PlainText({
  text,
  isBounded: mayBound = true,
  followsEnd = false,
}: PlainTextProps) {
  const isBounded = mayBound && isLong(text);
  const place = useRef<HTMLPreElement>(null);
  const writer = useRef<TextWriter | null>(null);
  // Where one stands is decided when the text first comes, and by scrolling from then on.
  const atEnd = useRef(followsEnd);

  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    if (!writer.current) {
      element.textContent = "";
      writer.current = new TextWriter(element);
    }
    writer.current.show(text);
    if (isBounded && atEnd.current && element.scrollHeight > element.clientHeight) {
      element.scrollTop = element.scrollHeight;
    }
  }, [text, isBounded]);

  useLayoutEffect(
    () => () => {
      writer.current = null;
    },
    [],
  );

  return (
    <pre
      ref={place}
      className="text"
      data-bounded={isBounded ? "" : undefined}
      onScroll={(event) => {
        const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
        atEnd.current = scrollTop + clientHeight >= scrollHeight - NEAR_END_PX;
      }}
    />
  );
}
