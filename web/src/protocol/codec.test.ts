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

test("a notebook may have any key in its JSON, and none of them is an object's own", () => {
  const keys = { constructor: 1, ключ: 2, ["k".repeat(40)]: 3 };
  const frame = encode({ kind: "pong", nonce: 1, data: keys });
  expect(decodeFrame(frame)).toMatchObject({ data: keys });
  // What the encoder here would not write, other encoders do.
  const proto = encode({ kind: "pong", nonce: 1, data: { __proto_x: { owned: 1 } } });
  proto.set(new TextEncoder().encode("__proto__"), indexOf(proto, "__proto_x"));
  const { data } = decodeFrame(proto) as unknown as { data: object };
  expect(Object.keys(data)).toEqual(["__proto__ "]);
  expect("owned" in data).toBe(false);
});

function indexOf(bytes: Uint8Array, text: string): number {
  return new TextDecoder("latin1").decode(bytes).indexOf(text);
}

test.each([
  ["nothing", new Uint8Array()],
  ["noise", new Uint8Array([0xc1, 0xff])],
  ["a number", encode(7)],
  ["a map without a kind", encode({ nonce: 1 })],
])("%s is no frame", (_name, bytes) => {
  expect(() => decodeFrame(bytes)).toThrow(/frame/);
});
