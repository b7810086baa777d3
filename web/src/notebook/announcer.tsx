/** Tells a screen reader how a cell ended, in words, once. */

import { useEffect, useRef, useState } from "react";
import { runningCell } from "../core/selectors";
import { useStore } from "../store/use-session";

const ENDS: Readonly<Record<string, string>> = {
  ok: "finished",
  error: "failed",
  interrupted: "was interrupted",
  died: "ended with its kernel",
};

export function Announcer() {
  const store = useStore();
  const [words, setWords] = useState("");
  const running = useRef<string | null>(null);
  useEffect(
    () =>
      store.subscribe(() => {
        const { state, cells } = store.getSnapshot();
        const before = running.current;
        running.current = state.running;
        if (before === null || before === state.running) return;
        const ended = state.executions[before];
        const number = cells.findIndex((cell) => cell.cell_id === ended?.cell_id) + 1;
        const end = ENDS[ended?.status ?? ""];
        if (end && number > 0 && runningCell(state) === null) setWords(`Cell ${number} ${end}`);
      }),
    [store],
  );
  return (
    <p className="visually-hidden" role="status">
      {words}
    </p>
  );
}
