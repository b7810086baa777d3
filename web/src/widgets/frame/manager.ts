/**
 * The widget manager of one frame: makes models of what the page gives, keeps them in step,
 * and sends what the person does. Rules WID-3 to WID-6.
 *
 * A change that came from outside is not sent out again, nor what other models make of it
 * (a `jslink`): the frame in which a person moved something sends that, or the one that the
 * page names for what the kernel changed (`leads`).
 */

import * as base from "@jupyter-widgets/base";
import { ManagerBase } from "@jupyter-widgets/base-manager";
import { type FromFrame, isObject, type ModelState, type Said, type ToFrame } from "../messages";
import { type Outbox, PortComm, viewOf } from "./comm";
import type { Modules } from "./modules";

type Model = base.WidgetModel;

/** What `@jupyter-widgets/base` keeps to itself and we must know. */
interface Insides {
  _msg_buffer: { [attribute: string]: unknown } | null;
  _buffered_state_diff: { [attribute: string]: unknown };
}

interface Wanted {
  readonly promise: Promise<Model>;
  readonly resolve: (model: Model | Promise<Model>) => void;
  readonly reject: (problem: Error) => void;
}

function deferred(): Wanted {
  let resolve: Wanted["resolve"] = () => {};
  let reject: Wanted["reject"] = () => {};
  const promise = new Promise<Model>((good, bad) => {
    resolve = good;
    reject = bad;
  });
  return { promise, resolve, reject };
}

const GONE =
  "This widget is not there any more: the kernel that it belonged to has ended. Run its cell again.";

/** More than zero while a change from outside is applied that others have sent already. */
let quiet = 0;
const isQuiet = new WeakMap<Model, boolean>();

function teachModels(): void {
  const { prototype } = base.WidgetModel;
  const setState = prototype.set_state;
  prototype.set_state = function (state) {
    const silences = isQuiet.get(this) ?? true;
    if (silences) quiet += 1;
    try {
      setState.call(this, state);
    } finally {
      if (silences) quiet -= 1;
    }
  };
  const save = prototype.save_changes;
  prototype.save_changes = function (callbacks) {
    if (quiet > 0) insidesOf(this)._buffered_state_diff = {};
    else save.call(this, callbacks);
  };
}

/** What went wrong, where the widget should be, in words; the stack is in the console. */
function teachErrors(): void {
  base.ErrorWidgetView.prototype.render = function () {
    const { msg, stack } = this.generateErrorMessage();
    const box = document.createElement("div");
    box.className = "problem";
    const [reason] = stack.replace(/^(?:\w*Error): /, "").split("\n");
    box.textContent = `${reason}\n(${msg})`;
    this.el.append(box);
  };
}

// The fields are there; the package's types say `private`.
function insidesOf(model: Model): Insides {
  return model as unknown as Insides;
}

export class FrameManager extends ManagerBase {
  readonly #outbox: Outbox;
  readonly #modules: Modules;
  readonly #comms = new Map<string, PortComm>();
  readonly #wanted = new Map<string, Wanted>();
  #unasked: string[] = [];

  /** Where controls look for what draws formulas in their labels. */
  readonly _rendermime: { readonly latexTypesetter: { typeset(element: HTMLElement): void } };

  constructor(outbox: Outbox, modules: Modules, typeset: (element: HTMLElement) => void) {
    super();
    this._rendermime = { latexTypesetter: { typeset } };
    this.#outbox = outbox;
    this.#modules = modules;
    teachModels();
    teachErrors();
  }

  // ── models ─────────────────────────────────────────────────────────────────

  override get_model(id: string): Promise<Model> {
    const known = this.known(id);
    if (known) return known;
    const waiting = this.#wanted.get(id);
    if (waiting) return waiting.promise;
    const wanted = deferred();
    this.#wanted.set(id, wanted);
    this.#unasked.push(id);
    if (this.#unasked.length === 1) {
      queueMicrotask(() => this.#say({ kind: "want", comm_ids: this.#unasked.splice(0) }));
    }
    return wanted.promise;
  }

  known(id: string): Promise<Model> | undefined {
    return this.has_model(id) ? super.get_model(id) : undefined;
  }

  receive(message: ToFrame): void {
    switch (message.kind) {
      case "models":
        for (const each of message.models) this.#take(each);
        for (const id of message.missing) this.#miss(id);
        break;
      case "comm-message":
        this.#deliver(message);
        break;
      case "comm-closed":
        this.#comms.get(message.comm_id)?.closed();
        this.#comms.delete(message.comm_id);
        break;
      case "settled":
        this.#outbox.settle(message.message_id, message.problem);
        break;
      case "kernel-gone":
        this.disconnect();
        document.documentElement.dataset.live = "false";
        break;
    }
  }

  #take(given: ModelState): void {
    const { comm_id } = given;
    const known = this.known(comm_id);
    if (known) {
      known.then((model) => this.#overwrite(model, given));
      return;
    }
    const state = stateOf(given);
    const comm = given.isLive ? new PortComm(comm_id, this.#outbox) : undefined;
    if (comm) this.#comms.set(comm_id, comm);
    const made = this.new_model(
      {
        model_id: comm_id,
        model_name: String(state._model_name),
        model_module: String(state._model_module),
        model_module_version: String(state._model_module_version),
        ...(comm ? { comm } : {}),
      },
      state as never, // JSON with DataViews in it
    );
    const { said = [] } = given;
    made.then((model) => {
      if (comm) for (const each of said) apply(comm, model, each);
    });
    this.#wanted.get(comm_id)?.resolve(made);
    this.#wanted.delete(comm_id);
    made.catch(() => {}); // told where it is shown
  }

  #overwrite(model: Model, given: ModelState): void {
    if (!given.isLive) return;
    const data = { ...given.data, method: "update" };
    this.#deliver({ comm_id: model.model_id, data, buffers: given.buffers, leads: false });
  }

  #miss(id: string): void {
    this.#wanted.get(id)?.reject(new Error(GONE));
    this.#wanted.delete(id);
    this.#comms.get(id)?.closed();
  }

  #deliver(
    message: Pick<
      Extract<ToFrame, { kind: "comm-message" }>,
      "comm_id" | "data" | "buffers" | "leads"
    >,
  ): void {
    const comm = this.#comms.get(message.comm_id);
    const known = this.known(message.comm_id);
    if (!comm || !known) return;
    known.then((model) => apply(comm, model, message));
  }

  // ── what ManagerBase asks for ──────────────────────────────────────────────

  protected override loadClass(name: string, module: string, version: string): Promise<never> {
    return this.#modules.classOf(name, module, version) as Promise<never>;
  }

  protected override async _create_comm(
    _target: string,
    model_id: string | undefined,
    data?: unknown,
    metadata?: unknown,
    buffers?: ArrayBuffer[] | ArrayBufferView[],
  ): Promise<base.IClassicComm> {
    const comm = new PortComm(model_id ?? base.uuid(), this.#outbox);
    this.#comms.set(comm.comm_id, comm);
    comm.open(data, undefined, metadata, buffers);
    return comm;
  }

  protected override async _get_comm_info(): Promise<object> {
    return {};
  }

  #say(message: FromFrame): void {
    this.#outbox.say(message);
  }
}

function apply(comm: PortComm, model: Model, message: Said): void {
  // The chain that base itself applies messages on, so that this holds for this one.
  model.state_change = model.state_change.then(() => {
    isQuiet.set(model, !message.leads);
  });
  const data = withoutUnheard(comm, model, message.data);
  comm.deliver({
    content: { comm_id: comm.comm_id, data },
    buffers: message.buffers.map(viewOf),
  });
}

/** The state with its buffers in place. */
function stateOf({ data, buffers }: ModelState): { [key: string]: unknown } {
  const state = isObject(data.state) ? structuredClone(data.state) : {};
  const paths = Array.isArray(data.buffer_paths) ? data.buffer_paths : [];
  base.put_buffers(state as never, paths, buffers.map(viewOf));
  return { ...state };
}

/** An update without what this model has sent or is about to send a newer value of. */
function withoutUnheard(
  comm: PortComm,
  model: Model,
  data: { readonly [key: string]: unknown },
): { readonly [key: string]: unknown } {
  const unsent = insidesOf(model)._msg_buffer ?? {};
  const copy = structuredClone(data) as { [key: string]: unknown };
  if (copy.method === "echo_update") copy.method = "update";
  if (!isObject(copy.state)) return copy;
  copy.state = Object.fromEntries(
    Object.entries(copy.state).filter(
      ([attribute]) => !Object.hasOwn(unsent, attribute) && !comm.isUnheard(attribute),
    ),
  );
  return copy;
}
