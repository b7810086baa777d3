/**
 * Bytes ↔ frames: MessagePack, the subprotocol `tailrace.v1.msgpack`.
 *
 * The one place where what came from outside is believed to have a type: a frame is checked to
 * be a map with a `kind` that we know, its inside is the server's promise (the schema).
 */

import { Decoder, Encoder } from "@msgpack/msgpack";
import type { ClientFrame, ServerFrame } from "./generated";
import { MapKeys } from "./map-keys";

export const PROTOCOL_VERSION = 1;
export const SUBPROTOCOL = "tailrace.v1.msgpack";

export class ProtocolError extends Error {
  readonly code = "protocol.malformed";
}

// Fields that are `undefined` are left out, so that the server uses their defaults.
const encoder = new Encoder({ ignoreUndefined: true });
const decoder = new Decoder({ keyDecoder: new MapKeys() });

const KINDS: ReadonlySet<string> = new Set<ServerFrame["kind"]>([
  "welcome",
  "snapshot",
  "events",
  "answer",
  "reply",
  "durable",
  "status",
  "settings-changed",
  "pong",
  "goodbye",
]);

export function encodeFrame(frame: ClientFrame): Uint8Array<ArrayBuffer> {
  return encoder.encode(frame);
}

/** Encoded frames as one array of them (SYNC-32). */
export function joinedFrames(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const size = frames.reduce((sum, frame) => sum + frame.length, 5);
  const joined = new Uint8Array(size);
  joined[0] = 0xdd; // MessagePack's "array 32"
  new DataView(joined.buffer).setUint32(1, frames.length);
  let at = 5;
  for (const frame of frames) {
    joined.set(frame, at);
    at += frame.length;
  }
  return joined;
}

/** The frame, or null for one of a kind we do not know (SYNC-4). */
export function decodeFrame(bytes: Uint8Array): ServerFrame | null {
  let value: unknown;
  try {
    value = decoder.decode(bytes);
  } catch (cause) {
    throw new ProtocolError("a frame is not MessagePack", { cause });
  }
  if (typeof value !== "object" || value === null || !("kind" in value)) {
    throw new ProtocolError("a frame is not a map with a kind");
  }
  return isServerFrame(value) ? value : null;
}

function isServerFrame(value: { kind: unknown }): value is ServerFrame {
  return typeof value.kind === "string" && KINDS.has(value.kind);
}
