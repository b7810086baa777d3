/**
 * A network between pages and a `SmallServer`: it delays, breaks, and, to try what should never
 * happen, loses and repeats frames of records within one socket.
 */

import type { Transport, WireListener } from "../../src/sync/socket";
import type { HandWoundWorld } from "./hand-wound-world";
import type { Peer, SmallServer } from "./small-server";

export interface Weather {
  readonly delayMs: number;
  /** Chances per frame of records. */
  readonly loss: number;
  readonly repeat: number;
}

const FINE: Weather = { delayMs: 1, loss: 0, repeat: 0 };

export class LossyNetwork {
  weather: Weather = FINE;
  isDown = false;
  attempts = 0;
  readonly #world: HandWoundWorld;
  readonly #server: () => SmallServer;
  readonly #sockets = new Set<Socket>();

  constructor(world: HandWoundWorld, server: () => SmallServer) {
    this.#world = world;
    this.#server = server;
  }

  readonly transport: Transport = (_url, listener) => {
    this.attempts += 1;
    const socket = new Socket(this.#world, this.#server(), listener, () => this.weather);
    this.#sockets.add(socket);
    socket.open(this.isDown);
    return {
      by: "socket",
      send: (bytes) => socket.send(bytes.slice()),
      close: () => socket.closeHere(),
    };
  };

  /** Every socket ends, as when a cable is pulled; `silently`: nobody is told. */
  break({ silently = false } = {}): void {
    for (const socket of this.#sockets) socket.break(silently);
    this.#sockets.clear();
  }
}

class Socket implements Peer {
  #isOver = false;
  #isOpen = false;
  #lastIn = 0;
  #lastOut = 0;

  constructor(
    private readonly world: HandWoundWorld,
    private readonly server: SmallServer,
    private readonly listener: WireListener,
    private readonly weather: () => Weather,
  ) {}

  open(isDown: boolean): void {
    this.world.after(this.weather().delayMs, () => {
      if (this.#isOver) return;
      if (isDown) {
        this.#isOver = true;
        this.listener.closed(1006, "", false);
        return;
      }
      this.#isOpen = true;
      this.server.joined(this);
      this.listener.opened();
    });
  }

  send(bytes: Uint8Array): void {
    this.#lastOut = this.#later(this.#lastOut, () => {
      if (!this.#isOver) this.server.received(this, bytes);
    });
  }

  deliver(bytes: Uint8Array, mayBeLost: boolean): void {
    const { loss, repeat } = this.weather();
    if (mayBeLost && this.world.random() < loss) return;
    const times = mayBeLost && this.world.random() < repeat ? 2 : 1;
    for (let time = 0; time < times; time += 1) {
      this.#lastIn = this.#later(this.#lastIn, () => {
        if (!this.#isOver) this.listener.received(bytes);
      });
    }
  }

  end(code: number, reason: string): void {
    this.#lastIn = this.#later(this.#lastIn, () => this.#over(code, reason));
  }

  closeHere(): void {
    this.#isOver = true;
    this.server.left(this);
  }

  break(silently: boolean): void {
    this.server.left(this);
    if (silently) this.#isOver = true;
    else this.#over(1006, "");
  }

  #over(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.listener.closed(code, reason, this.#isOpen);
  }

  /** After what is on its way in the same direction: a socket keeps its order. */
  #later(last: number, step: () => void): number {
    const { delayMs } = this.weather();
    const at = Math.max(last, this.world.now() + delayMs * (0.5 + this.world.random()));
    this.world.after(at - this.world.now(), step);
    return at;
  }
}
