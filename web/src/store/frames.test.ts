import { expect, test } from "vitest";
import { Paced } from "./frames";

/** Frames, or tasks, that come when the test says so. */
class Frames {
  #waiting: (() => void)[] = [];

  readonly next = (callback: () => void): (() => void) => {
    this.#waiting.push(callback);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== callback);
    };
  };

  pass(): void {
    for (const callback of this.#waiting.splice(0)) callback();
  }

  get count(): number {
    return this.#waiting.length;
  }
}

function counted() {
  const frames = new Frames();
  const tasks = new Frames();
  let count = 0;
  const show = () => {
    count += 1;
  };
  const paced = new Paced(show, frames.next, tasks.next);
  return { frames, tasks, paced, shown: () => count };
}

test("the first change is shown at once", () => {
  const { paced, shown } = counted();
  paced.request();
  expect(shown()).toBe(1);
});

test("a flood is shown once per frame", () => {
  const { frames, paced, shown } = counted();
  for (let change = 0; change < 100; change += 1) paced.request();
  const atOnce = shown();
  expect(atOnce).toBeLessThan(5);
  for (let frame = 1; frame <= 20; frame += 1) {
    frames.pass();
    expect(shown()).toBe(atOnce + frame);
    for (let change = 0; change < 100; change += 1) paced.request();
    expect(shown()).toBe(atOnce + frame);
  }
});

test("the last change of a flood is shown, and then nothing is asked of the screen", () => {
  const { frames, paced, shown } = counted();
  for (let change = 0; change < 100; change += 1) paced.request();
  const before = shown();
  frames.pass();
  expect(shown()).toBe(before + 1);
  frames.pass();
  expect(frames.count).toBe(0);
  paced.request();
  expect(shown()).toBe(before + 2);
});

test("what comes from afar is shown together, without waiting for a frame", () => {
  const { tasks, paced, shown } = counted();
  for (let change = 0; change < 3; change += 1) paced.requestSoon();
  expect(shown()).toBe(0);
  tasks.pass();
  expect(shown()).toBe(1);
  paced.requestSoon();
  tasks.pass();
  expect(shown()).toBe(2);
});

test("what a person does shows what has come, too, once", () => {
  const { tasks, paced, shown } = counted();
  paced.requestSoon();
  paced.request();
  expect(shown()).toBe(1);
  tasks.pass();
  expect(shown()).toBe(1);
});

test("a flood from afar is shown once per frame", () => {
  const { frames, tasks, paced, shown } = counted();
  for (let change = 0; change < 100; change += 1) {
    paced.requestSoon();
    tasks.pass();
  }
  expect(shown()).toBeLessThan(5);
  const before = shown();
  frames.pass();
  expect(shown()).toBe(before + 1);
});

test("what was stopped shows nothing any more", () => {
  const { frames, tasks, paced, shown } = counted();
  for (let change = 0; change < 10; change += 1) paced.request();
  const before = shown();
  paced.stop();
  paced.requestSoon();
  paced.stop();
  tasks.pass();
  frames.pass();
  expect(shown()).toBe(before);
});
