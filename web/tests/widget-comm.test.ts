import { expect, test } from "vitest";
import { Outbox, PortComm } from "../src/widgets/frame/comm";
import type { FromFrame } from "../src/widgets/messages";

// WID-5: between a frame and its page messages cross. What the page says of a value before it
// has heard of a newer one would move a slider back under the finger.
test("a value counts until the page says that it has it", () => {
  const said: FromFrame[] = [];
  const outbox = new Outbox(
    (message) => said.push(message),
    () => {},
  );
  const comm = new PortComm("slider", outbox);

  comm.send({ method: "update", state: { value: 39 } });
  comm.send({ method: "update", state: { value: 40, max: 50 } });
  comm.send({ method: "custom", content: { state: { step: 1 } } });
  const [first = "", second = ""] = said.map((each) =>
    "message_id" in each ? each.message_id : "",
  );

  expect(["value", "max", "step"].map((name) => comm.isUnheard(name))).toEqual([true, true, false]);
  outbox.settle(second, null);
  expect(comm.isUnheard("max")).toBe(false);
  expect(comm.isUnheard("value")).toBe(true);
  outbox.settle(first, null);
  expect(comm.isUnheard("value")).toBe(false);
});
