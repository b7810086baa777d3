/**
 * Front-end modules of widget packages: ours for ipywidgets' own, else the AMD module that
 * the package installs for notebooks (`nbextensions/<name>/index.js`), else its JupyterLab
 * form. The page fetches the files; the frame has no network. Rule WID-20.
 *
 * Scripts, pictures and requests that a module makes of its own folder go the same way: they
 * are addressed below `FILES`, a host that does not exist.
 */

import { messageOf } from "../../core/message-of";
import type { FromFrame, ToFrame } from "../messages";

export const FILES = "https://extension-files.invalid/";

export type Exports = { readonly [name: string]: unknown };
type Factory = (...dependencies: unknown[]) => unknown;

interface Definition {
  readonly dependencies: readonly string[];
  readonly factory: unknown;
}

interface Define {
  (name: string, dependencies: readonly string[], factory: unknown): void;
  (dependencies: readonly string[], factory: unknown): void;
  (factory: unknown): void;
  amd: object;
}

declare global {
  var define: Define | undefined;
  var requirejs: unknown;
}

export class Modules {
  readonly #say: (message: FromFrame) => void;
  readonly #known = new Map<string, Promise<Exports>>();
  readonly #asked = new Map<number, (answer: Extract<ToFrame, { kind: "module-file" }>) => void>();
  readonly #addresses = new Map<string, Promise<string>>();
  #asks = 0;
  #defined: Definition | null = null;
  #loading: Promise<unknown> = Promise.resolve();

  constructor(say: (message: FromFrame) => void, shipped: { readonly [name: string]: Exports }) {
    this.#say = say;
    for (const [name, exports] of Object.entries(shipped)) {
      this.#known.set(name, Promise.resolve(exports));
    }
    this.#install();
  }

  async classOf(name: string, module: string, version: string): Promise<unknown> {
    const exports = await this.load(module);
    const found = exports[name];
    if (found === undefined) {
      throw new Error(`${module} ${version} has no ${name}: is the installed version another one?`);
    }
    return found;
  }

  load(module: string): Promise<Exports> {
    const known = this.#known.get(module) ?? this.#fetch(module);
    this.#known.set(module, known);
    known.catch(() => this.#known.delete(module)); // once it is installed it can be had
    return known;
  }

  receive(answer: Extract<ToFrame, { kind: "module-file" }>): void {
    this.#asked.get(answer.ask)?.(answer);
    this.#asked.delete(answer.ask);
  }

  // ── files ──────────────────────────────────────────────────────────────────

  async #file(path: string): Promise<Blob> {
    this.#asks += 1;
    const ask = this.#asks;
    const answer = await new Promise<Extract<ToFrame, { kind: "module-file" }>>((resolve) => {
      this.#asked.set(ask, resolve);
      this.#say({ kind: "module", ask, path });
    });
    if (!answer.file) throw new Error(answer.problem);
    return new Blob([answer.file.content], { type: answer.file.type });
  }

  /** Where the frame can load a file of an extension from. */
  #address(path: string): Promise<string> {
    const known = this.#addresses.get(path) ?? this.#file(path).then((b) => URL.createObjectURL(b));
    this.#addresses.set(path, known);
    known.catch(() => this.#addresses.delete(path));
    return known;
  }

  // ── AMD ────────────────────────────────────────────────────────────────────

  async #fetch(module: string): Promise<Exports> {
    const [scope, rest] = module.startsWith("@")
      ? [module.split("/").slice(0, 2).join("/"), module.split("/").slice(2)]
      : [module.split("/", 1)[0] ?? module, module.split("/").slice(1)];
    const path = `nbextensions/${scope}/${rest.length > 0 ? `${rest.join("/")}.js` : "index.js"}`;
    let address: string;
    try {
      address = await this.#address(path);
    } catch (problem) {
      const federated = await this.#federated(scope);
      if (federated) return federated;
      const reason = messageOf(problem);
      throw new Error(
        `The front end of “${module}” was not found in the kernel's environment. (${reason})`,
      );
    }
    const definition = await this.#run(address, module);
    return this.#made(definition, path);
  }

  /** Runs one script at a time, so that what it defines is known to be its. */
  #run(address: string, module: string): Promise<Definition> {
    const run = this.#loading.then(async () => {
      this.#defined = null;
      await scriptFrom(address);
      const defined: Definition | null = this.#defined;
      if (!defined) throw new Error(`${module} defines no module`);
      return defined;
    });
    this.#loading = run.catch(() => {});
    return run;
  }

  async #made({ dependencies, factory }: Definition, path: string): Promise<Exports> {
    const module: { exports: unknown; uri: string } = { exports: {}, uri: FILES + path };
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    const given = await Promise.all(
      dependencies.map((name) => {
        if (name === "exports") return module.exports;
        if (name === "module") return module;
        if (name === "require") return () => undefined;
        return this.#known.get(name) ?? this.#beside(folder, name);
      }),
    );
    if (typeof factory !== "function") return factory as Exports;
    const result = (factory as Factory)(...given);
    return (result ?? module.exports) as Exports;
  }

  /** A module that a package brings in its own folder, else a package of that name. */
  #beside(folder: string, name: string): Promise<Exports> {
    const path = `${folder}${name.replace(/^\.\//, "")}.js`;
    const found = this.#address(path).then(
      async (address) => this.#made(await this.#run(address, name), path),
      () => this.load(name),
    );
    this.#known.set(name, found);
    found.catch(() => this.#known.delete(name));
    return found;
  }

  #install(): void {
    const define = ((...given: unknown[]) => {
      const factory = given.at(-1);
      const dependencies = given.find((each) => Array.isArray(each)) ?? [];
      this.#defined = { dependencies, factory };
    }) as Define;
    define.amd = {};
    globalThis.define = define;
    globalThis.requirejs = { config: () => {}, defined: () => false };
    document.body.dataset.baseUrl = FILES;
    this.#redirect(HTMLScriptElement.prototype, "src");
    this.#redirect(HTMLImageElement.prototype, "src");
    this.#redirect(HTMLLinkElement.prototype, "href");
    const { fetch } = globalThis;
    globalThis.fetch = async (input, init) => {
      const address = input instanceof Request ? input.url : String(input);
      if (!address.startsWith(FILES)) return fetch(input, init);
      return new Response(await this.#file(address.slice(FILES.length)));
    };
  }

  /** Elements that name a file of an extension are given it. */
  #redirect<Kind extends object>(prototype: Kind, name: keyof Kind & string): void {
    const own = Object.getOwnPropertyDescriptor(prototype, name);
    if (!own?.set || !own.get) return;
    const { get, set } = own;
    const fileAt = (path: string) => this.#address(path);
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable: true,
      get,
      set(this: HTMLElement, address: string) {
        const text = String(address);
        if (!text.startsWith(FILES)) return set.call(this, address);
        fileAt(text.slice(FILES.length).replace(/[?#].*$/, "")).then(
          (found) => set.call(this, found),
          () => this.dispatchEvent(new Event("error")),
        );
      },
    });
  }

  // ── packages for JupyterLab alone ──────────────────────────────────────────

  /** The widgets that a federated module registers; null when there is none of that name. */
  async #federated(name: string): Promise<Exports | null> {
    const described = await this.#file(`labextensions/${name}/package.json`).then(
      async (file) => JSON.parse(await file.text()),
      () => null,
    );
    const build = described?.jupyterlab?._build;
    if (typeof build?.load !== "string") return null;
    await this.#loading;
    await scriptFrom(await this.#address(`labextensions/${name}/${build.load}`));
    const container = Reflect.get(Reflect.get(globalThis, "_JUPYTERLAB") ?? {}, name);
    if (!container) throw new Error(`${name} came without its module`);
    await container.init(await this.#shared());
    const exposed = await container.get(build.extension ?? "./extension");
    const plugins = [exposed().default ?? exposed()].flat();
    const registered: Exports[] = [];
    const registry = {
      registerWidget: (given: { exports: Exports | (() => Promise<Exports>) }) => {
        registered.push(given.exports as Exports);
      },
    };
    for (const plugin of plugins) {
      const needs: { name?: string }[] = plugin.requires ?? [];
      const isWidgets = (each: { name?: string }) => each.name?.includes("JupyterWidgetRegistry");
      if (needs.some(isWidgets)) {
        await plugin.activate({}, ...needs.map((each) => (isWidgets(each) ? registry : {})));
      }
    }
    const all = await Promise.all(
      registered.map((each) => (typeof each === "function" ? (each as () => Exports)() : each)),
    );
    return all.length > 0 ? Object.assign({}, ...all) : null;
  }

  /** What federated modules may share with us. */
  async #shared(): Promise<object> {
    const scope: { [name: string]: object } = {};
    for (const name of SHARED) {
      const exports = await this.#known.get(name);
      if (!exports) continue;
      const offered = { get: async () => () => exports, loaded: 1, from: "tailrace", eager: true };
      scope[name] = { [VERSIONS[name] ?? "1.0.0"]: offered };
    }
    return scope;
  }
}

const SHARED = ["@jupyter-widgets/base", "@jupyter-widgets/controls", "@jupyter-widgets/output"];
const VERSIONS: { readonly [name: string]: string } = {
  "@jupyter-widgets/base": "6.0.11",
  "@jupyter-widgets/controls": "5.0.12",
  "@jupyter-widgets/output": "6.0.11",
};

function scriptFrom(address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error("a module could not be run"));
    document.head.append(script);
  });
}
