/** Comms, and what somebody who joins late needs of them: as `src/tailrace/core/comms.py`. */

import type { Comm, CommClosed, CommMessaged, CommOpened } from "../protocol/generated";
import { withAppendedOutput } from "./appended-output";
import { assertNever } from "./assert-never";
import type { Draft } from "./draft";
import { own } from "./lookup";

export function foldComm(draft: Draft, event: CommOpened | CommMessaged | CommClosed): void {
  switch (event.kind) {
    case "comm-opened": {
      const { comm_id, target, data, metadata, buffers } = event;
      draft.put("comms", comm_id, { comm_id, target, data, metadata, buffers });
      break;
    }
    case "comm-messaged": {
      const comm = own(draft.state.comms, event.comm_id);
      const { method } = event.data;
      if (comm && (method === "update" || method === "echo_update")) {
        draft.put("comms", event.comm_id, merged(comm, event));
      } else if (comm && method === "append-output") {
        draft.put("comms", event.comm_id, withOutput(comm, event));
      }
      break;
    }
    case "comm-closed":
      draft.drop("comms", event.comm_id);
      break;
    default:
      assertNever(event);
  }
}

/** The comm with the keys of an update's state, and their buffers, replaced. */
function merged(comm: Comm, event: CommMessaged): Comm {
  const news = objectIn(event.data.state);
  const kept = zipped(comm.data.buffer_paths, comm.buffers).filter(
    ([path]) => !(Array.isArray(path) && path.length > 0 && isKeyOf(news, path[0])),
  );
  const all = [...kept, ...zipped(event.data.buffer_paths, event.buffers)];
  const data: { [key: string]: unknown } = {
    ...comm.data,
    state: { ...objectIn(comm.data.state), ...news },
  };
  if (all.length > 0 || "buffer_paths" in comm.data) data.buffer_paths = all.map(([path]) => path);
  return { ...comm, data, buffers: all.map(([, buffer]) => buffer) };
}

/** An Output widget's comm with what was added to its `outputs`. */
function withOutput(comm: Comm, event: CommMessaged): Comm {
  const state = objectIn(comm.data.state);
  const before = Array.isArray(state.outputs) ? state.outputs : [];
  const outputs = withAppendedOutput(before, event.data);
  return { ...comm, data: { ...comm.data, state: { ...state, outputs } } };
}

function isKeyOf(map: object, key: unknown): boolean {
  return typeof key === "string" && Object.hasOwn(map, key);
}

function zipped(paths: unknown, buffers: readonly Uint8Array[]): [unknown, Uint8Array][] {
  if (!Array.isArray(paths)) return [];
  return buffers.slice(0, paths.length).map((buffer, index) => [paths[index], buffer]);
}

function objectIn(value: unknown): { readonly [key: string]: unknown } {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};
}
