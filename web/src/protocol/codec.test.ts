import { decode, encode } from "@msgpack/msgpack";
import { expect, test } from "vitest";
import { decodeFrame, encodeFrame } from "./codec";

test("a frame keeps its bytes, and what is undefined is left out (SYNC-4)", () => {
  const update = new Uint8Array([0, 255]);
  const frame = encodeFrame({
    kind: "submit",
    operation_id: "o",
    operation: { kind: "update-document", generation: "g", update },
  });
  expect(decode(frame)).toEqual({
    kind: "submit",
    operation_id: "o",
    operation: { kind: "update-document", generation: "g", update },
  });
});

test("a frame of a kind that is not known is passed over (SYNC-4)", () => {
  expect(decodeFrame(encode({ kind: "presence", who: "ada" }))).toBeNull();
  expect(decodeFrame(encode({ kind: "pong", nonce: 1, more: 2 }))).toMatchObject({ nonce: 1 });
});

test.each([
  ["nothing", new Uint8Array()],
  ["noise", new Uint8Array([0xc1, 0xff])],
  ["a number", encode(7)],
  ["a map without a kind", encode({ nonce: 1 })],
])("%s is no frame", (_name, bytes) => {
  expect(() => decodeFrame(bytes)).toThrow(/frame/);
});
