/** F5, Shift+F5, F10, F11, Shift+F11 while code stands at a breakpoint; else the browser has them. */

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

const STOP = "Shift+F5";

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
      const name = nameOf(event);
      const step = STEPS[name];
      if ((!step && name !== STOP) || event.defaultPrevented) return;
      event.preventDefault();
      event.stopPropagation();
      if (step) void debug.step(step);
      else commander.interrupt();
    };
    document.addEventListener("keydown", onKeyDown, { capture: true });
    return () => document.removeEventListener("keydown", onKeyDown, { capture: true });
  }, [debug, commander, isStopped]);
  return null;
}
