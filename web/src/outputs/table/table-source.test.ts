import { expect, test, vi } from "vitest";
import type { Request } from "../../protocol/generated";
import { TableSource } from "./table-source";
import { readTable, type TableValue } from "./table-value";
import { WHOLE } from "./view";

const ROWS = 10_000;

function table(): TableValue {
  const found = readTable({
    handle: "t1",
    kind: "pandas",
    rows: ROWS,
    columns: [{ name: "n", kind: "integer" }],
    first: Array.from({ length: 50 }, (_, row) => [row]),
  });
  if (!found) throw new Error("no table");
  return found;
}

/** A kernel with one column of numbers; sorted down when that is asked for. */
class SmallKernel {
  readonly asked: (Request & { kind: "table" })[] = [];
  working = 0;
  state: "here" | "gone" | "away" = "here";

  readonly ask = (request: Request) => {
    if (request.kind !== "table") throw new Error("asked about something else");
    this.asked.push(request);
    if (this.state === "gone") return Promise.resolve({ gone: true });
    if (this.state === "away") return Promise.reject(new Error("no answer"));
    if (this.working > 0) {
      this.working -= 1;
      return Promise.resolve({ working: true });
    }
    const { offset = 0, limit = 100, sort = [], search } = request;
    if (search === "wrong") return Promise.resolve({ problem: "not so" });
    const count = Math.max(0, Math.min(limit, ROWS - offset));
    const cells = Array.from({ length: count }, (_, at) => [
      sort[0]?.descending ? ROWS - 1 - offset - at : offset + at,
    ]);
    return Promise.resolve({ rows: ROWS, offset, cells });
  };
}

const DOWN = { ...WHOLE, sort: [{ column: 0, descending: true }] };
const near = { top: 0, bottom: 14, columns: [0] };

test("the first rows are there before anything is asked", () => {
  const kernel = new SmallKernel();
  const source = new TableSource(table(), kernel.ask);

  expect([source.rows, source.cell(49, 0), source.cell(50, 0)]).toEqual([ROWS, 49, undefined]);
  expect(kernel.asked).toEqual([]);
});

test("only blocks in sight are asked for, once", async () => {
  const kernel = new SmallKernel();
  const source = new TableSource(table(), kernel.ask);

  source.want({ top: 5_090, bottom: 5_110, columns: [0] });
  source.want({ top: 5_091, bottom: 5_111, columns: [0] });

  await vi.waitFor(() => expect(source.cell(5_110, 0)).toBe(5_110));
  expect(kernel.asked.map(({ offset }) => offset)).toEqual([5_000, 5_100]);
});

test("a new order shows the rows before until its own are there", async () => {
  const kernel = new SmallKernel();
  kernel.working = 3;
  const source = new TableSource(table(), kernel.ask);
  source.want(near);
  source.setView(DOWN);

  expect([source.isWorking, source.cell(0, 0)]).toEqual([true, 0]);
  await vi.waitFor(() => expect(source.isWorking).toBe(false));
  expect(source.cell(0, 0)).toBe(ROWS - 1);
});

test("of several orders in a row the last one is shown", async () => {
  const kernel = new SmallKernel();
  const source = new TableSource(table(), kernel.ask);
  source.want(near);
  source.setView(DOWN);
  source.setView(WHOLE);
  source.setView(DOWN);

  await vi.waitFor(() => expect(source.isWorking).toBe(false));
  await vi.waitFor(() => expect(source.cell(0, 0)).toBe(ROWS - 1));
});

test("a frame that is gone leaves the rows that came with it", async () => {
  const kernel = new SmallKernel();
  kernel.state = "gone";
  const source = new TableSource(table(), kernel.ask);
  source.want(near);
  source.setView(DOWN);

  await vi.waitFor(() => expect(source.standing).toBe("gone"));
  expect([source.rows, source.view, source.cell(0, 0)]).toEqual([50, WHOLE, 0]);
  const asked = kernel.asked.length;
  source.want({ top: 20, bottom: 40, columns: [0] });
  expect(kernel.asked.length).toBe(asked);
});

test("without a kernel nothing is asked, and with one it goes on", async () => {
  const kernel = new SmallKernel();
  const source = new TableSource(table(), kernel.ask);
  source.setKernel(null);
  source.want({ top: 0, bottom: 80, columns: [0] });
  await source.wantStatistics([0]);

  expect([source.rows, kernel.asked]).toEqual([50, []]);
  source.setKernel("k1");
  await vi.waitFor(() => expect(source.cell(99, 0)).toBe(99));
});

test("another kernel is asked whether it has the frame", async () => {
  const kernel = new SmallKernel();
  const source = new TableSource(table(), kernel.ask);
  source.setKernel("k1");
  source.want(near);
  await vi.waitFor(() => expect(source.cell(99, 0)).toBe(99));

  kernel.state = "gone";
  source.setKernel(null); // while the other one starts
  source.setKernel("k2");
  await vi.waitFor(() => expect(source.standing).toBe("gone"));
  expect(source.rows).toBe(50);
});

test("a kernel that did not answer is asked again when a person says so", async () => {
  const kernel = new SmallKernel();
  kernel.state = "away";
  const source = new TableSource(table(), kernel.ask);
  source.want({ top: 100, bottom: 120, columns: [0] });
  await vi.waitFor(() => expect(source.standing).toBe("away"));

  kernel.state = "here";
  source.retry();
  await vi.waitFor(() => expect(source.cell(100, 0)).toBe(100));
  expect(source.standing).toBe("kernel");
});

test("a view that makes no sense says why and keeps the rows", async () => {
  const kernel = new SmallKernel();
  const source = new TableSource(table(), kernel.ask);
  source.want(near);
  source.setView({ ...WHOLE, search: "wrong" });

  await vi.waitFor(() => expect(source.problem).toBe("not so"));
  expect([source.isWorking, source.cell(0, 0)]).toEqual([false, 0]);
  source.setView(WHOLE);
  expect(source.problem).toBe("");
});

test("values for the clipboard are fetched whole, and not without end", async () => {
  const kernel = new SmallKernel();
  const source = new TableSource(table(), kernel.ask);

  const values = await source.values(90, 109, [0]);
  expect([values.length, values[0], values[19]]).toEqual([20, [90], [109]]);
  await expect(source.values(0, 500_000, [0])).rejects.toThrow("downloaded");
});
