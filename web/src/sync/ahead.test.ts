import { afterEach, expect, test, vi } from "vitest";
import { fetchAhead } from "./ahead";

const URL = "http://here/api/v1/notebooks";

function ask(body: string) {
  return fetchAhead(URL, { method: "POST", body });
}

afterEach(() => {
  vi.unstubAllGlobals();
});

test("a question that was asked ahead is answered from there, once", async () => {
  const asked = new Map([[`POST ${URL} {"path":"a"}`, Promise.resolve(new Response("ahead"))]]);
  vi.stubGlobal("tailraceAhead", asked);
  vi.stubGlobal("fetch", async () => new Response("asked now"));
  expect(await (await ask('{"path":"a"}')).text()).toBe("ahead");
  expect(await (await ask('{"path":"a"}')).text()).toBe("asked now");
});

test("another question is asked", async () => {
  const asked = new Map([[`POST ${URL} {"path":"a"}`, Promise.resolve(new Response("ahead"))]]);
  vi.stubGlobal("tailraceAhead", asked);
  vi.stubGlobal("fetch", async () => new Response("asked now"));
  expect(await (await ask('{"path":"b"}')).text()).toBe("asked now");
});

test("a page without the script asks for itself", async () => {
  vi.stubGlobal("fetch", async () => new Response("asked now"));
  expect(await (await ask("{}")).text()).toBe("asked now");
});
