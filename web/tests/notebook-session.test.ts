/** The page and a small server: what a person relies on. Rules: docs/spec/protocol.md. */

import { describe, expect, test } from "vitest";
import { executionOf } from "../src/core/selectors";
import { deleteCells, insertCell, moveCell } from "../src/sync/cells";
import { MemoryEdits } from "../src/sync/unsent-edits";
import { HandWoundWorld } from "./doubles/hand-wound-world";
import { LossyNetwork } from "./doubles/lossy-network";
import { openPage, type PageOptions, sourcesOf } from "./doubles/page";
import { SmallServer } from "./doubles/small-server";

async function opened(options: PageOptions = {}) {
  const world = new HandWoundWorld();
  const server = new SmallServer();
  const network = new LossyNetwork(world, () => server);
  const page = openPage(world, network, options);
  await world.pass(100);
  return { world, server, network, page };
}

function print(server: SmallServer, text: string): void {
  const execution_id = server.state.running ?? "";
  server.happened({ kind: "text-appended", execution_id, stream: "stdout", text });
}

function textOf(page: ReturnType<typeof openPage>, cellId: string): string {
  const items = executionOf(page.store.current.state, cellId)?.outputs.items ?? [];
  return items.map((item) => (item.kind === "stream" ? item.head + item.tail : "")).join("");
}

const run = (...cell_ids: string[]) => ({ kind: "run-cells", cell_ids }) as const;

describe("opening", () => {
  test("a page is given state and document, and says that it is connected", async () => {
    const { server, page } = await opened();
    expect(page.store.getSnapshot()).toMatchObject({
      isLoaded: true,
      connection: { phase: "open" },
      notebook: { notebook_id: "notebook" },
      cells: [{ cell_id: "cell-0" }, { cell_id: "cell-1" }],
    });
    expect(sourcesOf(page)).toEqual(server.sources);
    expect(server.done.size).toBe(0);
  });

  test("a page that is not logged in stops and says so", async () => {
    const { network, page } = await opened({
      http: () => Response.json({ code: "auth.required", message: "log in" }, { status: 401 }),
    });
    expect(page.store.current.connection).toMatchObject({ phase: "ended", cause: "log-in" });
    expect(network.attempts).toBe(0);
  });

  test("a notebook that cannot be read stops the page with the server's reason", async () => {
    const { page } = await opened({
      http: (_method, path) =>
        path.endsWith("/notebooks")
          ? Response.json({ code: "file.not-a-notebook", message: "line 3" }, { status: 422 })
          : undefined,
    });
    expect(page.store.current.connection).toMatchObject({ phase: "ended", message: "line 3" });
  });

  test("an old anti-forgery token is asked for again, once (SYNC-7)", async () => {
    const { world, server, network, page } = await opened();
    const before = network.attempts;
    server.stop(4403);
    await world.pass(1_000);
    expect(page.store.current.connection.phase).toBe("open");
    expect(network.attempts).toBe(before + 1);
  });

  test.each([
    [4401, "log-in"],
    [4409, "reload"],
    [4400, "refused"],
  ] as const)("after close code %i a person must act: %s (SYNC-7)", async (code, cause) => {
    const { world, server, network, page } = await opened();
    const before = network.attempts;
    server.stop(code);
    await world.pass(60_000);
    expect(page.store.current.connection).toMatchObject({ phase: "ended", cause });
    expect(network.attempts).toBe(before);
    page.retryNow();
    await world.pass(1_000);
    expect(page.store.current.connection.phase).toBe("open");
  });

  test("a server that is away is tried again until it is there", async () => {
    const world = new HandWoundWorld();
    const server = new SmallServer();
    const network = new LossyNetwork(world, () => server);
    network.isDown = true;
    const page = openPage(world, network);
    await world.pass(30_000);
    expect(page.store.current.connection.phase).toBe("waiting");
    network.isDown = false;
    await world.pass(11_000);
    expect(page.store.current.connection.phase).toBe("open");
  });
});

describe("running", () => {
  test("a run is shown at once, before the server has heard of it", async () => {
    const { page } = await opened();
    void page.submit(run("cell-0"));
    expect(executionOf(page.store.getSnapshot().state, "cell-0")?.phase).toBe("queued");
  });

  test("what was typed before a run is what runs (SYNC-18)", async () => {
    const { world, server, page } = await opened();
    page.document.source("cell-0")?.insert(0, "a");
    page.document.source("cell-0")?.insert(1, "b");
    void page.submit(run("cell-0"));
    await world.pass(100);
    expect(executionOf(server.state, "cell-0")?.source).toBe("abprint(1)");
  });

  test("an operation whose answer was lost is sent again and done once (SYNC-19)", async () => {
    const { world, server, network, page } = await opened();
    const outcome = page.submit(run("cell-0"));
    await world.pass(1.6); // it has arrived, its answer is on the way
    network.break();
    await world.pass(5_000);
    expect(await outcome).toMatchObject({ kind: "done" });
    expect([...server.done.values()]).toEqual([1]);
    expect(page.store.current.pending).toEqual([]);
  });

  test("operations made without a connection are done in their order when it is back", async () => {
    const { world, server, network, page } = await opened();
    network.isDown = true;
    network.break();
    await world.pass(100);
    const outcomes = [page.submit(run("cell-0")), page.submit(run("cell-1"))];
    await world.pass(5_000);
    network.isDown = false;
    await world.pass(60_000);
    expect((await Promise.all(outcomes)).map((outcome) => outcome.kind)).toEqual(["done", "done"]);
    const queued = server.records.flatMap(({ event }) =>
      event.kind === "execution-queued" ? [event.cell_id] : [],
    );
    expect(queued).toEqual(["cell-0", "cell-1"]);
  });

  test("a refused operation is taken back and told", async () => {
    const { world, server, page } = await opened();
    server.isFull = true;
    const outcome = page.submit(run("cell-0"));
    await world.pass(100);
    expect(await outcome).toMatchObject({ kind: "refused", refusal: { code: "log.full" } });
    expect(executionOf(page.store.current.state, "cell-0")).toBeNull();
    const [notice] = page.store.current.notices;
    expect(notice).toMatchObject({ kind: "refused", refusal: { code: "log.full" } });
    page.dismissNotice(notice?.id ?? "");
    expect(page.store.current.notices).toEqual([]);
  });

  test("after a new history what was sent is told as unknown and not sent again (SYNC-14)", async () => {
    const { world, server, network, page } = await opened();
    network.weather = { delayMs: 50, loss: 0, repeat: 0 };
    const outcome = page.submit(run("cell-0"));
    await world.pass(1);
    server.beginLogAnew();
    network.break();
    await world.pass(10_000);
    expect(await outcome).toEqual({ kind: "unknown" });
    expect(server.done.size).toBe(0);
    expect(page.store.current.notices[0]?.kind).toBe("unknown-outcome");
  });
});

describe("output", () => {
  test("lines printed while the page was away are there, in order, once (SYNC-11)", async () => {
    const { world, server, network, page } = await opened();
    void page.submit(run("cell-0"));
    await world.pass(50);
    let wanted = "";
    for (let line = 0; line < 250; line += 1) {
      print(server, `line ${line}\n`);
      wanted += `line ${line}\n`;
      if (line === 50) {
        network.isDown = true;
        network.break();
      }
      if (line === 90) network.isDown = false;
      await world.pass(20);
    }
    await world.pass(5_000);
    expect(textOf(page, "cell-0")).toBe(wanted);
  });

  test("a page that was away too long takes a snapshot, and nothing is missing", async () => {
    const { world, server, network, page } = await opened();
    void page.submit(run("cell-0"));
    await world.pass(50);
    network.isDown = true;
    network.break();
    let wanted = "";
    for (let line = 0; line < 200; line += 1) {
      print(server, `line ${line}\n`);
      wanted += `line ${line}\n`;
    }
    network.isDown = false;
    await world.pass(5_000);
    expect(textOf(page, "cell-0")).toBe(wanted);
  });

  test("a snapshot in the middle replaces what was folded (SYNC-12)", async () => {
    const { world, server, page } = await opened();
    void page.submit(run("cell-0"));
    await world.pass(50);
    print(server, "one\n");
    server.lag();
    print(server, "two\n");
    await world.pass(50);
    expect(textOf(page, "cell-0")).toBe("one\ntwo\n");
  });

  test("a missing record is noticed and fetched, never shown as a gap (SYNC-13)", async () => {
    const { world, server, network, page } = await opened();
    void page.submit(run("cell-0"));
    await world.pass(50);
    network.weather = { delayMs: 1, loss: 1, repeat: 0 };
    print(server, "lost\n");
    network.weather = { delayMs: 1, loss: 0, repeat: 1 };
    print(server, "kept\n");
    await world.pass(1_000);
    expect(textOf(page, "cell-0")).toBe("lost\nkept\n");
  });

  test("a record that comes twice is folded once, on the same socket", async () => {
    const { world, server, network, page } = await opened();
    void page.submit(run("cell-0"));
    await world.pass(50);
    const before = network.attempts;
    network.weather = { delayMs: 1, loss: 0, repeat: 1 };
    print(server, "once\n");
    await world.pass(1_000);
    expect(textOf(page, "cell-0")).toBe("once\n");
    expect(network.attempts).toBe(before);
  });

  test("text appended to one cell wakes that cell and nobody else", async () => {
    const { world, server, page } = await opened();
    void page.submit(run("cell-1"));
    await world.pass(50);
    void page.submit(run("cell-0"));
    await world.pass(50);
    let [zero, one] = [0, 0];
    page.store.subscribeToCell("cell-0", () => {
      zero += 1;
    });
    page.store.subscribeToCell("cell-1", () => {
      one += 1;
    });
    print(server, "hello\n");
    await world.pass(50);
    expect([zero, one]).toEqual([1, 0]);
  });
});

describe("silence", () => {
  test("a server that says nothing any more is given up, and found again (SYNC-8)", async () => {
    const { world, network, page } = await opened();
    const before = network.attempts;
    network.break({ silently: true });
    await world.pass(29_000);
    expect(network.attempts).toBe(before);
    await world.pass(3_000);
    expect(network.attempts).toBe(before + 1);
    expect(page.store.current.connection.phase).toBe("open");
  });

  test("a page that comes back finds out at once whether its socket still lives", async () => {
    const { world, network } = await opened();
    const before = network.attempts;
    network.break({ silently: true });
    world.comeBack();
    await world.pass(6_000);
    expect(network.attempts).toBe(before + 1);
  });

  test("a page that comes back does not wait for its timer", async () => {
    const { world, network, page } = await opened();
    network.isDown = true;
    network.break();
    await world.pass(60_000);
    network.isDown = false;
    world.comeBack();
    await world.pass(20);
    expect(page.store.current.connection.phase).toBe("open");
  });
});

describe("questions", () => {
  test("a question is answered", async () => {
    const { world, server, page } = await opened();
    server.answer = () => ({ rss_bytes: 5 });
    const asked = page.ask({ kind: "usage" });
    await world.pass(50);
    expect(await asked).toEqual({ rss_bytes: 5 });
  });

  test("a question ends with the socket, and with its time", async () => {
    const { world, network, page } = await opened();
    const lost = page.ask({ kind: "usage" });
    network.break();
    await expect(lost).rejects.toMatchObject({ code: "offline" });
    await world.pass(1_000);
    network.weather = { delayMs: 60_000, loss: 0, repeat: 0 };
    const late = expect(page.ask({ kind: "usage" }, { withinMs: 100 })).rejects.toMatchObject({
      code: "timeout",
    });
    await world.pass(200);
    await late;
  });
});

describe("the document", () => {
  test("two pages type at once and see the same", async () => {
    const { world, server, network, page } = await opened();
    const other = openPage(world, network);
    await world.pass(100);
    page.document.source("cell-0")?.insert(0, "left ");
    other.document.source("cell-0")?.insert(8, " right");
    await world.pass(500);
    expect(sourcesOf(page)).toEqual(sourcesOf(other));
    expect(sourcesOf(page)).toEqual(server.sources);
    expect(server.sources["cell-0"]).toBe("left print(1) right");
    expect(page.store.current.hasUnsentEdits).toBe(false);
  });

  test("typing is gathered: the first key goes at once, the rest some at a time", async () => {
    const { world, server, page } = await opened();
    const before = server.done.size;
    for (let key = 0; key < 50; key += 1) {
      page.document.source("cell-0")?.insert(key, "x");
      await world.pass(5);
    }
    await world.pass(200);
    const sent = server.done.size - before;
    expect(sent).toBeGreaterThan(1);
    expect(sent).toBeLessThan(12);
    expect(server.sources["cell-0"]).toBe(`${"x".repeat(50)}print(1)`);
  });

  test("a snapshot that meets an edit on its way does not send it twice (SYNC-26)", async () => {
    const { world, server, network, page } = await opened();
    network.weather = { delayMs: 40, loss: 0, repeat: 0 };
    server.lag();
    await world.pass(10);
    page.document.source("cell-0")?.insert(0, "a");
    await world.pass(1_000);
    expect(server.done.size).toBe(1);
    expect(server.sources["cell-0"]).toBe("aprint(1)");
  });

  test("edits made without a connection arrive when it is back", async () => {
    const { world, server, network, page } = await opened();
    network.isDown = true;
    network.break();
    page.document.source("cell-0")?.insert(0, "offline ");
    insertCell(page.document.doc, 1, { cell_id: "new", source: "x" });
    await world.pass(1_000);
    expect(page.store.current.hasUnsentEdits).toBe(true);
    network.isDown = false;
    await world.pass(15_000);
    expect(server.sources).toEqual({
      "cell-0": "offline print(1)",
      new: "x",
      "cell-1": "print(2)",
    });
    expect(page.store.current.hasUnsentEdits).toBe(false);
  });

  test("edits made without a connection outlive the page", async () => {
    const edits = new MemoryEdits();
    const { world, server, network, page } = await opened({ edits });
    network.isDown = true;
    network.break();
    page.document.source("cell-0")?.insert(0, "kept ");
    deleteCells(page.document.doc, ["cell-1"]);
    await world.pass(1_000);
    page.close();
    network.isDown = false;
    const next = openPage(world, network, { edits });
    await world.pass(1_000);
    expect(server.sources).toEqual({ "cell-0": "kept print(1)" });
    expect(next.store.current.hasUnsentEdits).toBe(false);
    expect(await edits.states("notebook")).toEqual([]);
  });

  test("a document begun anew keeps unsent edits as a conflict copy (SYNC-25)", async () => {
    const edits = new MemoryEdits();
    const { world, server, network, page } = await opened({ edits });
    network.isDown = true;
    network.break();
    page.document.source("cell-0")?.insert(0, "mine ");
    await world.pass(1_000);
    server.begin("generation-2", ["theirs"]);
    network.isDown = false;
    await world.pass(15_000);
    expect(sourcesOf(page)).toEqual({ "cell-0": "theirs" });
    expect(server.sources).toEqual({ "cell-0": "theirs" });
    const [copy] = page.store.current.conflicts;
    expect(copy?.cells.map((cell) => cell.source)).toEqual(["mine print(1)", "print(2)"]);
    expect(await edits.copies("notebook")).toHaveLength(1);
    page.dismissConflict(copy?.id ?? "");
    await world.pass(10);
    expect(await edits.copies("notebook")).toEqual([]);
  });

  test("edits of a page that is gone become a conflict copy of the next one", async () => {
    const edits = new MemoryEdits();
    const { world, server, network, page } = await opened({ edits });
    network.isDown = true;
    network.break();
    page.document.source("cell-0")?.insert(0, "mine ");
    await world.pass(1_000);
    page.close();
    server.begin("generation-2", ["theirs"]);
    network.isDown = false;
    const next = openPage(world, network, { edits });
    await world.pass(1_000);
    expect(sourcesOf(next)).toEqual({ "cell-0": "theirs" });
    expect(next.store.current.conflicts[0]?.cells[0]?.source).toBe("mine print(1)");
  });

  test("a document begun anew without unsent edits is just taken", async () => {
    const { world, server, page } = await opened();
    server.begin("generation-2", ["theirs"]);
    await world.pass(100);
    expect(sourcesOf(page)).toEqual({ "cell-0": "theirs" });
    expect(page.store.current.conflicts).toEqual([]);
    expect(page.store.current.cells).toEqual([{ cell_id: "cell-0", kind: "code" }]);
  });

  test("edits that found no space are sent when there is some again (SYNC-21)", async () => {
    const { world, server, page } = await opened();
    server.tellStorage("full");
    for (const text of ["a", "b", "c"]) {
      page.document.source("cell-0")?.insert(0, text);
      await world.pass(100);
    }
    expect(page.store.current.hasUnsentEdits).toBe(true);
    server.tellStorage("writable");
    await world.pass(100);
    expect(server.sources["cell-0"]).toBe("cbaprint(1)");
    expect(page.store.current.hasUnsentEdits).toBe(false);
  });

  test("after a new history the document is made whole again", async () => {
    const { world, server, network, page } = await opened();
    network.isDown = true;
    network.break();
    page.document.source("cell-1")?.insert(0, "still here ");
    server.beginLogAnew();
    network.isDown = false;
    await world.pass(15_000);
    expect(server.sources["cell-1"]).toBe("still here print(2)");
    expect(sourcesOf(page)).toEqual(server.sources);
  });

  test("cells moved by two people at once stay one order for both", async () => {
    const { world, network, page } = await opened();
    const other = openPage(world, network);
    await world.pass(100);
    insertCell(page.document.doc, 2, { cell_id: "a" });
    insertCell(other.document.doc, 2, { cell_id: "b" });
    moveCell(page.document.doc, "cell-0", 2);
    moveCell(other.document.doc, "cell-1", 0);
    await world.pass(500);
    expect(page.store.current.cells).toEqual(other.store.current.cells);
    expect(page.store.current.cells).toHaveLength(4);
  });
});
