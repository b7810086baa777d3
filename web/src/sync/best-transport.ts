/**
 * A WebSocket where one gets through, else an event stream (SYNC-33).
 *
 * Whether sockets are blocked is known of the way to the server and not of one notebook, so it
 * is kept for the whole tab. Each attempt comes after the server was found over HTTP, or after
 * a connection that worked; so sockets that fail twice are blocked, and not the server away.
 */

import { eventStreamTransport } from "./event-stream";
import { pageSurroundings, type Surroundings } from "./reconnect";
import { type Transport, type Wire, type WireListener, webSocketTransport } from "./socket";

export const OPEN_WITHIN_MS = 5_000;
export const FAILURES_ALLOWED = 2;
export const LOOK_AGAIN_AFTER_MS = 5 * 60_000;

/** Until when (ms, as `Date.now()`) sockets are believed to be blocked. */
export interface BlockedUntil {
  get(): number;
  set(until: number): void;
}

export interface Ways {
  readonly socket: Transport;
  readonly stream: Transport;
  readonly world: Surroundings;
  readonly blocked: BlockedUntil;
}

const KEY = "tailrace.sockets-blocked-until";

/** Over a reload too: nobody shall wait twice for what is known. */
const ofTab: BlockedUntil = {
  get: () => Number(sessionStorage.getItem(KEY) ?? 0) || 0,
  set: (until) => sessionStorage.setItem(KEY, String(until)),
};

export const browserTransport: Transport = (address, listener) => {
  chosen ??= bestTransport({
    socket: webSocketTransport,
    stream: eventStreamTransport,
    world: pageSurroundings,
    blocked: ofTab,
  });
  return chosen(address, listener);
};
let chosen: Transport | null = null;

export function bestTransport({ socket, stream, world, blocked }: Ways): Transport {
  let failures = 0;

  function failed(count: number) {
    failures += count;
    if (failures < FAILURES_ALLOWED) return;
    failures = 0;
    blocked.set(world.now() + LOOK_AGAIN_AFTER_MS);
  }

  const bySocket: Transport = (address, listener) => {
    let isSettled = false;
    const settle = () => {
      isSettled = true;
      cancel();
    };
    const wire = socket(address, {
      opened: () => listener.opened(),
      received: (bytes) => {
        if (!isSettled) {
          settle();
          failures = 0;
        }
        listener.received(bytes);
      },
      closed: (code, reason, wasOpen) => {
        if (!isSettled) {
          settle();
          // The server's own codes come through what lets sockets through.
          if (code < 4000) failed(1);
        }
        listener.closed(code, reason, wasOpen);
      },
    });
    const cancel = world.after(OPEN_WITHIN_MS, () => {
      isSettled = true;
      failed(FAILURES_ALLOWED);
      wire.close(1000);
      listener.closed(1006, "a WebSocket does not open", false);
    });
    return {
      ...wire,
      close: (code) => {
        settle();
        wire.close(code);
      },
    };
  };

  const byStream: Transport = (address, listener) => {
    let stopLooking = () => {};
    const over: WireListener["closed"] = (code, reason, wasOpen) => {
      stopLooking();
      listener.closed(code, reason, wasOpen);
    };
    const wire: Wire = stream(address, { ...listener, closed: over });

    const look = () => {
      const probe = socket(address, {
        opened: () => {
          probe.close(1000);
          blocked.set(0);
          wire.close(1000);
          listener.closed(1001, "a WebSocket opens again", true);
        },
        received: () => {},
        closed: () => {
          blocked.set(world.now() + LOOK_AGAIN_AFTER_MS);
          stopLooking = world.after(LOOK_AGAIN_AFTER_MS, look);
        },
      });
      stopLooking = () => probe.close(1000);
    };
    stopLooking = world.after(Math.max(0, blocked.get() - world.now()), look);
    return {
      ...wire,
      close: (code) => {
        stopLooking();
        wire.close(code);
      },
    };
  };

  return (address, listener) =>
    blocked.get() > world.now() ? byStream(address, listener) : bySocket(address, listener);
}
