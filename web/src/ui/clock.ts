/** One ticking clock for everything on the page that shows a running time. */

import { useEffect, useState, useSyncExternalStore } from "react";

const TICK_MS = 100; // tenths of a second are shown

let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function subscribe(listener: () => void) {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, TICK_MS);
  now = Date.now();
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** Milliseconds since the epoch, renewed ten times a second while somebody looks. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

/** Whether `claim` has been true for so long; what is shown of it does not flicker. */
export function useLasting(claim: boolean, afterMs: number): boolean {
  const [isLasting, setLasting] = useState(false);
  useEffect(() => {
    if (!claim) return;
    const timer = setTimeout(() => setLasting(true), afterMs);
    return () => {
      clearTimeout(timer);
      setLasting(false);
    };
  }, [claim, afterMs]);
  return claim && isLasting;
}
