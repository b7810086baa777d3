/** The state before any record. */

import type { Outputs, SessionState } from "../protocol/generated";

export const NO_OUTPUTS: Outputs = {
  items: [],
  omitted_items: 0,
  next_index: 0,
  next_line: 0,
  clear_next: false,
  weight: 0,
};

export const EMPTY_STATE: SessionState = {
  sequence: 0,
  generation: null,
  executions: {},
  cells: {},
  queue: [],
  running: null,
  kernel: {
    phase: "none",
    kernel_id: null,
    interpreter: null,
    pid: null,
    python: null,
    version: null,
    received: 0,
    interrupts: 0,
    cause: null,
  },
  prompts: {},
  comms: {},
  checkpoint: { digest: null, upto: 0, at: null, conflict: null },
  answered: [],
};
