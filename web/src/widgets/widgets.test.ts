/** Who refers to whom, whose value counts, what waits its turn, what a frame may say. */

import { expect, test } from "vitest";
import type { Comm } from "../protocol/generated";
import { readFromFrame, readToFrame } from "./messages";
import { Models, referencesIn, savedIn } from "./models";
import { Order } from "./order";
import { type Message, Pace } from "./pace";

function comm(comm_id: string, state: object, target = "jupyter.widget"): Comm {
  const data = { state: { _view_name: "V", ...state }, buffer_paths: [] };
  return { comm_id, target, data, metadata: {}, buffers: [] };
}

function models(...comms: Comm[]): Models {
  return new Models(Object.fromEntries(comms.map((each) => [each.comm_id, each])), {});
}

const NONE: ReadonlySet<string> = new Set();

test("a frame gets what its model refers to, and the links between, and no more (WID-3)", () => {
  const all = models(
    comm("box", { children: ["IPY_MODEL_a"], deep: { inside: ["IPY_MODEL_style"] } }),
    comm("a", {}),
    comm("style", {}),
    comm("b", {}),
    comm("link", { _view_name: null, source: ["IPY_MODEL_a", "v"], target: ["IPY_MODEL_b", "v"] }),
    comm("chain", { _view_name: null, source: ["IPY_MODEL_b", "v"], target: ["IPY_MODEL_c", "v"] }),
    comm("c", {}),
    comm("unrelated", {}),
    comm("other-kind", { x: "IPY_MODEL_a" }, "some.comm"),
  );
  expect([...all.around(["box"], NONE)].sort()).toEqual(
    ["a", "b", "box", "c", "chain", "link", "style"].sort(),
  );
  expect([...all.around(["box"], new Set(["box", "a", "b", "link"]))]).toEqual([]);
  expect(all.state("other-kind")).toBeNull();
});

test("models that refer to each other in a ring are found once (WID-3)", () => {
  const ring = models(comm("x", { y: "IPY_MODEL_y" }), comm("y", { x: "IPY_MODEL_x" }));
  expect(ring.around(["x"], NONE)).toEqual(new Set(["x", "y"]));
  expect(referencesIn({ a: ["IPY_MODEL_1", { b: "IPY_MODEL_2" }], c: "IPY" })).toEqual(
    new Set(["1", "2"]),
  );
});

test("what a file keeps stands in for what the session has not (WID-17)", () => {
  const metadata = {
    "application/vnd.jupyter.widget-state+json": {
      state: {
        old: {
          model_name: "M",
          model_module: "m",
          state: { value: 3 },
          buffers: [{ path: ["data"], encoding: "base64", data: "AP8=" }],
        },
        broken: 7,
      },
    },
  };
  const saved = new Models({}, savedIn(metadata));
  const old = saved.state("old");
  expect(old?.isLive).toBe(false);
  expect(old?.data.state).toMatchObject({ _model_name: "M", value: 3 });
  expect(old?.buffers).toEqual([new Uint8Array([0, 255])]);
  expect(saved.state("broken")).toBeNull();
  expect(savedIn(null)).toEqual({});
});

test("what is under way counts before what the log tells meanwhile (WID-5)", () => {
  const order = new Order();
  order.sends("s", ["value"], "me-2");
  expect(order.logged("s", ["value", "max"], "you-1")).toEqual(["max"]);
  expect(order.changed("s", ["value"])).toEqual([]);
  expect(order.logged("s", ["value"], "me-1")).toEqual([]);
  expect(order.logged("s", ["value"], "me-2")).toEqual(["value"]);
  expect(order.changed("s", ["value"])).toEqual(["value"]);
});

test("an echo counts when no newer message is in the log (WID-5)", () => {
  const order = new Order();
  order.logged("s", ["value"], "a-1");
  order.logged("s", ["value"], "b-1");
  expect(order.echoed("s", ["value"], "a-1")).toEqual([]);
  expect(order.echoed("s", ["value"], "b-1")).toEqual(["value"]);
  expect(order.echoed("s", ["value"], null)).toEqual(["value"]);
});

test("a message that was refused holds nothing back (WID-5)", () => {
  const order = new Order();
  order.sends("s", ["value"], "me-1");
  order.fails("s", "me-1");
  expect(order.changed("s", ["value"])).toEqual(["value"]);
});

function update(message_id: string, state: object, ...buffers: [string, number][]): Message {
  return {
    kind: "send",
    message_id,
    comm_id: "s",
    metadata: {},
    data: { method: "update", state, buffer_paths: buffers.map(([name]) => [name]) },
    buffers: buffers.map(([, byte]) => new Uint8Array([byte])),
  };
}

test("one update is with the kernel, the others become one (WID-7)", () => {
  const pace = new Pace();
  expect(pace.say(update("1", { v: 1 }))).toHaveLength(1);
  expect(pace.say(update("2", { v: 2, w: 1 }, ["p", 1], ["q", 2]))).toEqual([]);
  expect(pace.say(update("3", { v: 3, p: null }, ["p", 9]))).toEqual([]);
  expect(pace.handled("other")).toEqual([]);
  const [next, ...more] = pace.handled("1");
  expect(more).toEqual([]);
  expect(next).toMatchObject({ message_id: "3", data: { state: { v: 3, w: 1, p: null } } });
  expect(next?.data.buffer_paths).toEqual([["q"], ["p"]]);
  expect(next?.buffers).toEqual([new Uint8Array([2]), new Uint8Array([9])]);
  expect(pace.handled("3")).toEqual([]);
  expect(pace.say(update("4", {}))).toHaveLength(1);
});

test("other messages keep their place and do not wait for each other (WID-7)", () => {
  const pace = new Pace();
  const custom = (message_id: string): Message => ({
    ...update(message_id, {}),
    data: { method: "custom" },
  });
  expect(pace.say(custom("c1"))).toHaveLength(1);
  expect(pace.say(custom("c2"))).toHaveLength(1);
  pace.say(update("1", { v: 1 }));
  pace.say(update("2", { v: 2 }));
  pace.say(custom("c3"));
  pace.say(update("3", { v: 3 }));
  expect(pace.handled("1").map((each) => each.message_id)).toEqual(["2"]);
  expect(pace.handled("2").map((each) => each.message_id)).toEqual(["c3", "3"]);
});

test("what a frame may not say is not heard (WID-2)", () => {
  const good = { kind: "send", message_id: "p-1", comm_id: "c", data: {}, buffers: [] };
  expect(readFromFrame(good)?.kind).toBe("send");
  for (const bad of [
    null,
    "send",
    [],
    { kind: "run-cells", cell_ids: [] },
    { ...good, comm_id: "../x" },
    { ...good, message_id: 7 },
    { ...good, data: [] },
    { kind: "want", comm_ids: new Array(20_000).fill("a") },
    { kind: "module", ask: 1, path: "x".repeat(600) },
    { kind: "close", comm_id: "" },
  ]) {
    expect(readFromFrame(bad)).toBeNull();
  }
  expect(readFromFrame({ kind: "want", comm_ids: ["a", 7, "b c"] })).toEqual({
    kind: "want",
    comm_ids: ["a"],
  });
  expect(readFromFrame({ ...good, buffers: ["x", new Uint8Array(1)] })).toMatchObject({
    buffers: [new Uint8Array(1)],
  });
  expect(readToFrame({ kind: "unheard-of" })).toBeNull();
});
