/** F5, F10, F11 and Shift+F11 while code stands at a breakpoint; else the browser has them. */

import { useEffect, useSyncExternalStore } from "react";
import type { Step } from "../debugger/debugger";
import { nameOf } from "../ui/key-names";
import { useDesk } from "./use-view";

const STEPS: Readonly<Record<string, Step>> = {
  F5: "continue",
  F10: "next",
  F11: "stepIn",
  "Shift+F11": "stepOut",
};

export function DebugKeys() {
  const { commander, view } = useDesk();
  const { debug } = commander;
  const isStopped = useSyncExternalStore(debug.subscribe, () => debug.state.stopped !== null);
  useEffect(() => {
    debug.onStop = (cellId) => view.select(cellId);
    return debug.watch();
  }, [debug, view]);
  useEffect(() => {
    if (!isStopped) return;
    const onKeyDown = (event: KeyboardEvent) => {
      const step = STEPS[nameOf(event)];
      if (!step || event.defaultPrevented) return;
      event.preventDefault();
      event.stopPropagation();
      void debug.step(step);
    };
    document.addEventListener("keydown", onKeyDown, { capture: true });
    return () => document.removeEventListener("keydown", onKeyDown, { capture: true });
  }, [debug, isStopped]);
  return null;
}
