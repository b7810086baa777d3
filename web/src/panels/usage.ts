/** What the kernel's process uses, asked for again and again while somebody looks. */

import { useEffect, useState } from "react";
import type { Session } from "../store/session";
import { useSession } from "../store/use-session";
import { useNotebook } from "../sync/use-notebook";

export interface Usage {
  readonly pid: number;
  readonly memoryBytes: number;
  /** Of one core, in percent; null until it has been asked twice. */
  readonly cpuPercent: number | null;
}

export const SAMPLES = 60;
const EVERY_MS = 1_500;
const WITHIN_MS = 4_000;

interface Sample {
  readonly atMs: number;
  readonly cpuS: number;
  readonly usage: Usage;
}

/** The newest samples of this kernel, oldest first. */
export function useUsage(): readonly Usage[] {
  const session = useNotebook();
  const kernelId = useSession(livingOf);
  const [samples, setSamples] = useState<readonly Sample[]>([]);
  useEffect(() => {
    setSamples([]);
    if (kernelId === null) return;
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const options = { withinMs: WITHIN_MS, signal: controller.signal };
    const next = () => {
      if (!controller.signal.aborted) timer = setTimeout(ask, EVERY_MS);
    };
    const ask = () => {
      if (document.hidden) {
        next();
        return;
      }
      const read = (answer: { readonly [key: string]: unknown }) =>
        setSamples((before) => withSample(before, answer, performance.now()));
      // A kernel that does not answer now is asked again.
      session.ask({ kind: "usage" }, options).then(read).then(next, next);
    };
    ask();
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [session, kernelId]);
  return samples.map((sample) => sample.usage);
}

export function withSample(
  before: readonly Sample[],
  answer: { readonly [key: string]: unknown },
  atMs: number,
): readonly Sample[] {
  const { pid, rss_bytes: memoryBytes, cpu_s: cpuS } = answer;
  if (typeof pid !== "number" || typeof memoryBytes !== "number" || typeof cpuS !== "number") {
    return before;
  }
  const last = before.at(-1);
  const passed = last ? (atMs - last.atMs) / 1000 : 0;
  const cpuPercent =
    last && passed > 0 ? Math.max(0, Math.round(((cpuS - last.cpuS) / passed) * 100)) : null;
  const usage = { pid, memoryBytes, cpuPercent };
  return [...before, { atMs, cpuS, usage }].slice(-SAMPLES);
}

const livingOf = (session: Session) =>
  session.state.kernel.phase === "ready" && session.connection.phase === "open"
    ? session.state.kernel.kernel_id
    : null;
