import { beforeEach, expect, test } from "vitest";
import { HandWoundWorld } from "../../tests/doubles/hand-wound-world";
import { bestTransport, LOOK_AGAIN_AFTER_MS, OPEN_WITHIN_MS } from "./best-transport";
import type { Address, Transport, Way, Wire } from "./socket";

const ADDRESS: Address = {
  socketUrl: "ws://host/socket",
  protocols: [],
  streamUrl: "http://host/stream",
  fetch: () => Promise.reject(new TypeError("nobody asks")),
  token: null,
};

/** A network that lets sockets through, refuses them, or swallows them. */
class Network {
  sockets: "open" | "refused" | "swallowed" = "open";
  readonly world = new HandWoundWorld();
  readonly events: string[] = [];
  blockedUntil = 0;

  readonly #by =
    (by: Way): Transport =>
    (_address, listener) => {
      let isOver = false;
      const fate = by === "stream" ? "open" : this.sockets;
      this.world.after(1, () => {
        if (isOver || fate === "swallowed") return;
        if (fate === "refused") {
          listener.closed(1006, "", false);
          return;
        }
        listener.opened();
        if (!isOver) listener.received(new Uint8Array([1]));
      });
      return {
        by,
        send: () => {},
        close: () => {
          isOver = true;
        },
      };
    };

  readonly transport = bestTransport({
    socket: this.#by("socket"),
    stream: this.#by("stream"),
    world: this.world,
    blocked: {
      get: () => this.blockedUntil,
      set: (until) => {
        this.blockedUntil = until;
      },
    },
  });

  connect(): Wire {
    const wire = this.transport(ADDRESS, {
      opened: () => this.events.push(`${wire.by} open`),
      received: () => {},
      closed: (code) => this.events.push(`${wire.by} closed ${code}`),
    });
    return wire;
  }
}

let network: Network;
beforeEach(() => {
  network = new Network();
});

test("a socket that opens is what is used (SYNC-33)", async () => {
  network.connect();
  await network.world.pass(OPEN_WITHIN_MS * 2);
  expect(network.events).toEqual(["socket open"]);
});

test("after two sockets that fail the stream is taken (SYNC-33)", async () => {
  network.sockets = "refused";
  for (let attempt = 0; attempt < 3; attempt += 1) {
    network.connect();
    await network.world.pass(10);
  }
  expect(network.events).toEqual(["socket closed 1006", "socket closed 1006", "stream open"]);
});

test("a socket that neither opens nor fails is waited for only so long", async () => {
  network.sockets = "swallowed";
  network.connect();
  await network.world.pass(OPEN_WITHIN_MS);
  network.connect();
  await network.world.pass(10);
  expect(network.events).toEqual(["socket closed 1006", "stream open"]);
});

test("one that failed once and then opened is no reason to leave sockets", async () => {
  for (const fate of ["refused", "open", "refused", "open"] as const) {
    network.sockets = fate;
    network.connect();
    await network.world.pass(10);
  }
  expect(network.events.at(-1)).toBe("socket open");
});

test("from a stream one goes back once a socket opens again", async () => {
  network.sockets = "swallowed";
  network.connect();
  await network.world.pass(OPEN_WITHIN_MS);
  network.connect();
  network.sockets = "refused";
  await network.world.pass(LOOK_AGAIN_AFTER_MS + 10);
  expect(network.events.at(-1)).toBe("stream open");
  network.sockets = "open";
  await network.world.pass(LOOK_AGAIN_AFTER_MS + 10);
  expect(network.events.at(-1)).toBe("stream closed 1001");
  network.connect();
  await network.world.pass(10);
  expect(network.events.at(-1)).toBe("socket open");
});

test("a stream that was closed looks for sockets no more", async () => {
  network.blockedUntil = network.world.now() + 1_000;
  const wire = network.connect();
  await network.world.pass(10);
  wire.close(1000);
  await network.world.pass(LOOK_AGAIN_AFTER_MS);
  expect(network.events).toEqual(["stream open"]);
});
