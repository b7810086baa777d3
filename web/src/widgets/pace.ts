/**
 * What waits to be said on one comm: one update at the kernel at a time, later ones merged
 * into the newest (WID-7). A kernel that is slow then hears where a slider is, not where it
 * was. Other messages keep their place between updates and do not wait for each other. Pure.
 */

import type { FromFrame } from "./messages";
import { isObject } from "./messages";

export type Message = Extract<FromFrame, { kind: "send" }>;

export class Pace {
  #inFlight: string | null = null;
  #waiting: Message[] = [];

  /** Takes a message; returns what is to be sent now. */
  say(message: Message): readonly Message[] {
    const last = this.#waiting.at(-1);
    if (last && isUpdate(last) && isUpdate(message)) {
      this.#waiting[this.#waiting.length - 1] = merged(last, message);
    } else {
      this.#waiting.push(message);
    }
    return this.#due();
  }

  /** The kernel has done with a message; returns what is to be sent now. */
  handled(message_id: string): readonly Message[] {
    if (this.#inFlight === message_id) this.#inFlight = null;
    return this.#due();
  }

  #due(): readonly Message[] {
    const due: Message[] = [];
    while (this.#inFlight === null) {
      const next = this.#waiting.shift();
      if (!next) break;
      due.push(next);
      if (isUpdate(next)) this.#inFlight = next.message_id;
    }
    return due;
  }
}

export function isUpdate({ data }: Message): boolean {
  return data.method === "update";
}

/** Both updates as one, under the newer one's name. */
function merged(older: Message, newer: Message): Message {
  const news = isObject(newer.data.state) ? newer.data.state : {};
  const before = isObject(older.data.state) ? older.data.state : {};
  const kept = pathsOf(older).filter(([path]) => !(String(path[0]) in news));
  const paths = [...kept, ...pathsOf(newer)];
  return {
    ...newer,
    data: {
      ...newer.data,
      state: { ...before, ...news },
      buffer_paths: paths.map(([path]) => path),
    },
    buffers: paths.map(([, buffer]) => buffer),
  };
}

function pathsOf({ data, buffers }: Message): (readonly [readonly unknown[], Uint8Array])[] {
  const paths = Array.isArray(data.buffer_paths) ? data.buffer_paths : [];
  return buffers.flatMap((buffer, at) => {
    const path: unknown = paths[at];
    return Array.isArray(path) ? [[path, buffer] as const] : [];
  });
}
