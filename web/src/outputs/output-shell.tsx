/** The place of one output: its tools, and how large it stands. */

import { type ReactNode, useRef, useState } from "react";
import type { Output } from "../protocol/generated";
import { OutputPartsProvider, type PartsHolder } from "./output-parts";
import { type OutputsLook, OutputTools } from "./output-tools";

/** Outputs that a person made wide: they are so again when they come back into sight. */
const wide = new Set<string>();

interface ShellProps {
  readonly kind: Output["kind"];
  /** The same for the same output, whenever it is drawn. */
  readonly name: string;
  readonly hasTools: boolean;
  readonly look: OutputsLook;
  readonly children: ReactNode;
}

export function OutputShell({ kind, name, hasTools, look, children }: ShellProps) {
  const place = useRef<HTMLDivElement>(null);
  const [holder] = useState<PartsHolder>(() => ({ parts: {} }));
  const [isWide, setWide] = useState(() => wide.has(name));
  return (
    <div ref={place} className="output" data-output={kind} data-wide={isWide ? "" : undefined}>
      <OutputPartsProvider value={holder}>{children}</OutputPartsProvider>
      {hasTools && (
        <OutputTools
          parts={() => holder.parts}
          isWide={isWide}
          setWide={(next) => {
            if (next) wide.add(name);
            else wide.delete(name);
            setWide(next);
          }}
          showFull={() => void place.current?.requestFullscreen()}
          look={look}
        />
      )}
    </div>
  );
}
