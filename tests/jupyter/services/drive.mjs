/**
 * Drives our server with @jupyterlab/services, as it is: `node drive.mjs BASE_URL TOKEN`.
 *
 * Prints one line of JSON with what it saw; `test_services.py` compares it.
 */

import services from "@jupyterlab/services";
import WebSocket from "ws";

const [baseUrl, token] = process.argv.slice(2);
const serverSettings = services.ServerConnection.makeSettings({
  baseUrl: `${baseUrl}/`,
  wsUrl: `${baseUrl.replace("http", "ws")}/`,
  token,
  appendToken: true,
  WebSocket,
});
const seen = {};

async function run(kernel, code, options = {}) {
  const future = kernel.requestExecute({ code, ...options });
  const outputs = [];
  future.onIOPub = (message) => outputs.push([message.header.msg_type, message.content]);
  future.onStdin = (message) => {
    if (message.header.msg_type === "input_request") {
      future.sendInputReply({ value: "me", status: "ok" }, message.header);
    }
  };
  const reply = await future.done;
  return { reply: reply.content, outputs };
}

const textOf = ({ outputs }) =>
  outputs.flatMap(([kind, content]) => (kind === "stream" ? [content.text] : [])).join("");

// Specs, and a session of a notebook that is there.
const manager = new services.ServiceManager({ serverSettings });
await manager.ready;
seen.specs = Object.keys(manager.kernelspecs.specs.kernelspecs);
// Its user manager wants a browser's storage; the request is the one it makes.
const me = await services.ServerConnection.makeRequest(`${baseUrl}/api/me`, {}, serverSettings);
seen.user = (await me.json()).identity.username;

const session = await manager.sessions.startNew({
  path: "services.ipynb",
  name: "services.ipynb",
  type: "notebook",
  kernel: { name: "python3" },
});
const kernel = session.kernel;
const info = await kernel.info;
seen.language = info.language_info.name;
seen.protocol = kernel.model.id === session.kernel.id;

const first = await run(kernel, "print('hello'); 6 * 7", {});
seen.text = textOf(first);
seen.kinds = [...new Set(first.outputs.map(([kind]) => kind))];
seen.result = first.outputs.find(([kind]) => kind === "execute_result")[1].data["text/plain"];
seen.status = first.reply.status;
seen.failed = (await run(kernel, "1 / 0")).reply.ename;
seen.answer = textOf(await run(kernel, "print(input('Who? '))", { allow_stdin: true }));

const completion = await kernel.requestComplete({ code: "zi", cursor_pos: 2 });
seen.matches = completion.content.matches;
const inspection = await kernel.requestInspect({ code: "zip", cursor_pos: 3, detail_level: 0 });
seen.found = inspection.content.found;
const history = await kernel.requestHistory({ hist_access_type: "tail", n: 1, raw: true, output: false });
seen.history = history.content.history.at(-1)[2];
seen.complete = (await kernel.requestIsComplete({ code: "if x:" })).content.status;

// A comm, with buffers both ways.
await run(
  kernel,
  `
from comm import get_comm_manager
def opened(comm, message):
    comm.on_msg(lambda m: comm.send({"back": m["content"]["data"]}, buffers=m["buffers"]))
get_comm_manager().register_target("services", opened)
`,
);
const comm = kernel.createComm("services");
const answered = new Promise((resolve) => {
  comm.onMsg = (message) => resolve(message);
});
await comm.open({}).done;
await comm.send({ x: 1 }, {}, [new Uint8Array([0, 255]).buffer]).done;
const back = await answered;
seen.comm = [back.content.data, [...new Uint8Array(back.buffers[0].buffer ?? back.buffers[0])].slice(-2)];
seen.comms = Object.keys((await kernel.requestCommInfo({ target_name: "services" })).content.comms).length;

// Interrupt, restart, and the same kernel from another connection.
const long = kernel.requestExecute({ code: "import time; time.sleep(60)" });
await new Promise((resolve) => {
  long.onIOPub = (message) => message.header.msg_type === "execute_input" && resolve();
});
await kernel.interrupt();
seen.interrupted = (await long.done).content.ename;
await run(kernel, "kept = 1");
await kernel.restart();
seen.restarted = (await run(kernel, "kept")).reply.ename;

const again = manager.sessions.connectTo({ model: session.model });
const other = await run(again.kernel, "print('from the other')");
seen.other = textOf(other);
seen.running = [...manager.kernels.running()].length >= 1;

// The socket is lost: what came meanwhile is there after the reconnect.
const missed = kernel.requestExecute({ code: "import time\nfor n in range(5): print(n, flush=True); time.sleep(0.1)" });
const pieces = [];
missed.onIOPub = (message) => message.header.msg_type === "stream" && pieces.push(message.content.text);
await new Promise((resolve) => setTimeout(resolve, 150));
await kernel.reconnect();
await missed.done;
seen.missed = pieces.join("");

// Files.
const made = await manager.contents.newUntitled({ path: "", type: "file", ext: ".txt" });
const saved = await manager.contents.save(made.path, { type: "file", format: "text", content: "x" });
const renamed = await manager.contents.rename(made.path, "renamed.txt");
const read = await manager.contents.get("renamed.txt", { content: true, hash: true });
const copy = await manager.contents.createCheckpoint("renamed.txt");
await manager.contents.save("renamed.txt", { type: "file", format: "text", content: "y" });
await manager.contents.restoreCheckpoint("renamed.txt", copy.id);
const restored = await manager.contents.get("renamed.txt");
seen.files = [saved.type, renamed.name, read.content, restored.content];
seen.notebook = (await manager.contents.get("services.ipynb")).content.cells.length;
await manager.contents.delete("renamed.txt");
seen.listed = (await manager.contents.get("")).content.map((each) => each.name);

await session.shutdown();
await manager.sessions.refreshRunning();
seen.left = [...manager.sessions.running()].filter((each) => each.path === "services.ipynb").length;
manager.dispose();
console.log(JSON.stringify(seen));
process.exit(0);
