/** What can wait until the browser has nothing better to do. */

import { useEffect, useState } from "react";

const WITHIN_MS = 200;

/** Calls back when the browser is idle, or after a while all the same; returns what takes it back. */
export function whenIdle(then: () => void): () => void {
  if (typeof requestIdleCallback !== "function") {
    const timer = setTimeout(then, 0);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(then, { timeout: WITHIN_MS });
  return () => cancelIdleCallback(handle);
}

/** Follows `value`, once the browser is idle: what it decides is not drawn with what is urgent. */
export function useWhenIdle<T>(value: T): T {
  const [followed, setFollowed] = useState(value);
  useEffect(
    () => (value === followed ? undefined : whenIdle(() => setFollowed(value))),
    [value, followed],
  );
  return followed;
}
