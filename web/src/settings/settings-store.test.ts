// @vitest-environment happy-dom
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Server } from "../sync/server";
import { changeSettings, connectSettings, currentSettings, followSettings } from "./settings-store";

let kept: { theme: string } | null;
const late: (() => void)[] = [];
let isSlow = false;

/** A server whose answers to questions may be late. */
function answered(url: string, init: RequestInit): Promise<Response> {
  if (!url.endsWith("/settings")) return Promise.resolve(Response.json({ name: "I", may: [] }));
  if (init.method === "PUT") kept = JSON.parse(String(init.body));
  const answer = kept ? Response.json(kept) : Response.json({}, { status: 500 });
  if (init.method === "PUT" || !isSlow) return Promise.resolve(answer);
  return new Promise((resolve) => late.push(() => resolve(answer)));
}

let ends: (() => void)[] = [];

beforeEach(async () => {
  vi.useFakeTimers();
  kept = { theme: "light" };
  isSlow = false;
  ends = [connectSettings(new Server(new URL("http://localhost/"), answered)), followSettings()];
  await vi.advanceTimersByTimeAsync(10);
});

afterEach(() => {
  for (const end of ends) end();
  vi.useRealTimers();
});

test("a page without a session sees what was chosen elsewhere while it is looked at", async () => {
  expect(currentSettings().theme).toBe("light"); // PAGE-63
  kept = { theme: "dark" };
  await vi.advanceTimersByTimeAsync(2_500);
  expect(currentSettings().theme).toBe("dark");
  expect(document.documentElement.dataset.theme).toBe("dark");
});

test("an answer that was asked for before a choice does not take it back", async () => {
  isSlow = true;
  await vi.advanceTimersByTimeAsync(2_500);
  expect(late.length).toBe(1);
  changeSettings({ theme: "dark" });
  await vi.advanceTimersByTimeAsync(10);
  for (const come of late) come();
  await vi.advanceTimersByTimeAsync(10);
  expect(currentSettings().theme).toBe("dark");
});
