import { expect, test } from "vitest";
import { moved, placeOf, type Rail, railHeight, scrollOf, TALLEST_PX } from "./scroll-rail";

const small: Rail = { whole: 10_000, view: 300 };
const vast: Rail = { whole: 10_000_000 * 24, view: 312 };

test("a rail that fits is the whole itself", () => {
  expect(railHeight(small)).toBe(10_000);
  expect(placeOf(small, 1_234)).toBe(1_234);
  expect(placeOf(small, 99_999)).toBe(9_700);
  expect(moved(small, 0, 0, 500)).toBe(500);
});

test("both ends of a vast table can be reached", () => {
  expect(railHeight(vast)).toBe(TALLEST_PX);
  expect(placeOf(vast, 0)).toBe(0);
  expect(placeOf(vast, TALLEST_PX - vast.view)).toBe(vast.whole - vast.view);
  expect(moved(vast, 5_000, 100, 0)).toBe(0);
});

test("a wheel moves a vast table by its own pixels", () => {
  const place = 120_000_000;
  const scroll = scrollOf(vast, place);
  expect(moved(vast, place, scroll, scroll + 100)).toBe(place + 100);
  expect(moved(vast, place, scroll, scroll - 60)).toBe(place - 60);
});

test("a pull at the bar goes where the bar says", () => {
  const half = (TALLEST_PX - vast.view) / 2;
  expect(moved(vast, 0, 0, half)).toBeCloseTo((vast.whole - vast.view) / 2, 0);
});

test("place and scroll are each other's inverse", () => {
  for (const place of [0, 1, 24, 1e6, 2e8, vast.whole - vast.view]) {
    expect(placeOf(vast, scrollOf(vast, place))).toBeCloseTo(place, 3);
  }
});

test("a table without rows has nowhere to go", () => {
  const none: Rail = { whole: 0, view: 100 };
  expect([railHeight(none), placeOf(none, 50), scrollOf(none, 0), moved(none, 0, 0, 5)]).toEqual([
    0, 0, 0, 0,
  ]);
});
