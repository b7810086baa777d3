/** The rows of a file in the grid of data frames. */

import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { messageOf } from "../core/message-of";
import { TableSheet } from "../outputs/table/table-grid";
import { TableSource } from "../outputs/table/table-source";
import { asking, type RowsFile, tableOf } from "./rows-file";

interface RowsViewProps {
  /** Opens the file; told how much of it has come, from 0 to 1. */
  readonly open: (signal: AbortSignal, onProgress: (share: number) => void) => Promise<RowsFile>;
  readonly onFailed: (why: string) => void;
}

type State =
  | { readonly kind: "loading"; readonly share: number }
  | { readonly kind: "here"; readonly source: TableSource };

const TOLD_EVERY = 0.01;
const BELOW_PX = 88; // what stands around the grid

export function RowsView({ open, onFailed }: RowsViewProps) {
  const [state, setState] = useState<State>({ kind: "loading", share: 0 });
  useEffect(() => {
    const stop = new AbortController();
    let source: TableSource | null = null;
    let told = 0;
    const load = async () => {
      const file = await open(stop.signal, (share) => {
        if (share - told < TOLD_EVERY || stop.signal.aborted) return;
        told = share;
        setState({ kind: "loading", share });
      });
      const table = await tableOf(file);
      if (stop.signal.aborted) return;
      source = new TableSource(table, asking(file));
      setState({ kind: "here", source });
    };
    load().catch((reason: unknown) => {
      if (stop.signal.aborted) return;
      onFailed(messageOf(reason));
    });
    return () => {
      stop.abort();
      source?.close();
    };
  }, [open, onFailed]);

  const place = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(400);
  useLayoutEffect(() => {
    const measure = () => {
      const top = place.current?.getBoundingClientRect().top ?? 0;
      setHeight(Math.max(240, window.innerHeight - top - BELOW_PX));
    };
    measure();
    window.addEventListener("resize", measure);
    return () => window.removeEventListener("resize", measure);
  }, []);

  return (
    <div ref={place} className="view-rows">
      {state.kind === "loading" && (
        <p className="view-count" role="status">
          Reading {state.share > 0 ? `${Math.round(state.share * 100)} %` : "…"}
        </p>
      )}
      {state.kind === "here" && (
        <TableSheet source={state.source} fileAddress={null} onPrinted={null} height={height} />
      )}
    </div>
  );
}
