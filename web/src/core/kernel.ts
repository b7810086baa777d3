/** The kernel's life, as the records tell it: the same table as `src/tailrace/core/kernel.py`. */

import type {
  Kernel,
  KernelDied,
  KernelInterrupted,
  KernelRequested,
  KernelStarted,
  KernelStopped,
} from "../protocol/generated";
import { assertNever } from "./assert-never";
import type { Draft } from "./draft";
import { EMPTY_STATE } from "./state";

export type KernelEvent =
  | KernelRequested
  | KernelStarted
  | KernelInterrupted
  | KernelDied
  | KernelStopped;

type Phase = Kernel["phase"];

/** An event that does not fit the phase changes nothing. */
const NEXT: { readonly [kind in KernelEvent["kind"]]: { readonly [from in Phase]?: Phase } } = {
  "kernel-requested": { none: "starting", dead: "starting" },
  "kernel-started": { starting: "ready" },
  "kernel-interrupted": { ready: "ready" },
  "kernel-died": { starting: "dead", ready: "dead" },
  "kernel-stopped": { starting: "none", ready: "none", dead: "none" },
};

export function foldKernel(draft: Draft, event: KernelEvent): void {
  const { kernel } = draft.state;
  const phase = NEXT[event.kind][kernel.phase];
  if (phase === undefined) return;
  if (event.kind === "kernel-requested") {
    const { kernel_id, interpreter } = event;
    // Nothing of the kernel before it is left to talk to.
    draft.set({
      kernel: { ...EMPTY_STATE.kernel, phase, kernel_id, interpreter },
      prompts: {},
      comms: {},
    });
    return;
  }
  if (event.kernel_id !== kernel.kernel_id) return;
  switch (event.kind) {
    case "kernel-started": {
      const { pid, python, version } = event;
      draft.set({ kernel: { ...kernel, phase, pid, python, version } });
      break;
    }
    case "kernel-interrupted":
      draft.set({ kernel: { ...kernel, interrupts: event.attempt } });
      break;
    case "kernel-died":
      draft.set({ kernel: { ...kernel, phase, cause: event.cause }, prompts: {} });
      break;
    case "kernel-stopped":
      draft.set({ kernel: { ...EMPTY_STATE.kernel, phase }, prompts: {} });
      break;
    default:
      assertNever(event);
  }
}
