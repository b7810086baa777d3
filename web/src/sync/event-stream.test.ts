import { Decoder } from "@msgpack/msgpack";
import { expect, test } from "vitest";
import { encodeFrame, joinedFrames } from "../protocol/codec";
import { EventReader } from "./event-stream";

const TEXT = ": padding\n\nevent: stream\ndata: abc\n\nevent: frame\ndata: gw==\n\nevent: fra";

test("events are the same however their text is cut", () => {
  const whole = new EventReader().read(TEXT);
  expect(whole).toEqual([
    { name: "stream", data: "abc" },
    { name: "frame", data: "gw==" },
  ]);
  for (let first = 0; first <= TEXT.length; first += 1) {
    for (let second = first; second <= TEXT.length; second += 7) {
      const reader = new EventReader();
      const pieces = [TEXT.slice(0, first), TEXT.slice(first, second), TEXT.slice(second)];
      expect(pieces.flatMap((piece) => reader.read(piece))).toEqual(whole);
    }
  }
});

test("joined frames are an array of them (SYNC-32)", () => {
  const frames = [
    { kind: "ping", nonce: 1 },
    { kind: "ping", nonce: 2 },
  ] as const;
  expect(new Decoder().decode(joinedFrames(frames.map(encodeFrame)))).toEqual(frames);
  expect(new Decoder().decode(joinedFrames([]))).toEqual([]);
});
