import { expect, test } from "vitest";
import { HandWoundWorld } from "../../tests/doubles/hand-wound-world";
import { delayBefore, HIDDEN_DELAY_MS, LONGEST_DELAY_MS, Reconnect } from "./reconnect";

test("the first try comes soon, later ones ever later, up to a bound", () => {
  const delays = Array.from({ length: 30 }, (_, index) => delayBefore(index + 1, 1, false));
  expect(delays[0]).toBeLessThanOrEqual(50);
  expect(delays).toEqual([...delays].sort((a, b) => a - b));
  expect(delays.at(-1)).toBe(LONGEST_DELAY_MS);
});

test("pages do not come back all in one instant", () => {
  const early = delayBefore(5, 0, false);
  const late = delayBefore(5, 1, false);
  expect(late).toBe(2 * early);
});

test("a page that nobody looks at asks seldom", () => {
  expect(delayBefore(30, 1, true)).toBe(HIDDEN_DELAY_MS);
});

test("a success begins the count anew", async () => {
  const world = new HandWoundWorld();
  let tries = 0;
  const reconnect = new Reconnect(() => {
    tries += 1;
    reconnect.failed();
  }, world);
  reconnect.failed();
  await world.pass(60_000);
  expect(tries).toBeGreaterThan(8);
  reconnect.succeeded();
  expect(reconnect.failed().retryAt - world.now()).toBeLessThanOrEqual(50);
});

test("who comes back does not wait; who is stopped does not come back", async () => {
  const world = new HandWoundWorld();
  let tries = 0;
  const reconnect = new Reconnect(() => {
    tries += 1;
  }, world);
  world.comeBack();
  expect(tries).toBe(0);
  reconnect.failed(60_000);
  world.comeBack();
  expect(tries).toBe(1);
  reconnect.failed(60_000);
  reconnect.stop();
  world.comeBack();
  await world.pass(100_000);
  expect(tries).toBe(1);
});
