/**
 * How languages other than Python are coloured and indented: CodeMirror's own grammars where
 * there are such, else the older modes. Each is fetched when a notebook in it is opened.
 */

import type { Language, StreamParser } from "@codemirror/language";
import type { NotebookLanguage } from "../sync/notebook-language";

type Load = () => Promise<Language>;

async function streamed(parser: Promise<StreamParser<unknown>>): Promise<Language> {
  const { StreamLanguage } = await import("@codemirror/language");
  return StreamLanguage.define(await parser);
}

type Clike = typeof import("@codemirror/legacy-modes/mode/clike");
const clike = (pick: (modes: Clike) => StreamParser<unknown>): Load => {
  return () => streamed(import("@codemirror/legacy-modes/mode/clike").then(pick));
};
const script =
  (typescript: boolean): Load =>
  async () =>
    (await import("@codemirror/lang-javascript")).javascript({ typescript }).language;
const shell: Load = () =>
  streamed(import("@codemirror/legacy-modes/mode/shell").then((modes) => modes.shell));
const octave: Load = () =>
  streamed(import("@codemirror/legacy-modes/mode/octave").then((modes) => modes.octave));
const sql: Load = async () => (await import("@codemirror/lang-sql")).sql().language;
const r: Load = () => streamed(import("@codemirror/legacy-modes/mode/r").then((modes) => modes.r));
const julia: Load = () =>
  streamed(import("@codemirror/legacy-modes/mode/julia").then((modes) => modes.julia));
const ruby: Load = () =>
  streamed(import("@codemirror/legacy-modes/mode/ruby").then((modes) => modes.ruby));
const rust: Load = () =>
  streamed(import("@codemirror/legacy-modes/mode/rust").then((modes) => modes.rust));
const haskell: Load = () =>
  streamed(import("@codemirror/legacy-modes/mode/haskell").then((modes) => modes.haskell));
const ocaml: Load = () =>
  streamed(import("@codemirror/legacy-modes/mode/mllike").then((modes) => modes.oCaml));
const fsharp: Load = () =>
  streamed(import("@codemirror/legacy-modes/mode/mllike").then((modes) => modes.fSharp));
const lisp: Load = () =>
  streamed(import("@codemirror/legacy-modes/mode/commonlisp").then((modes) => modes.commonLisp));
const cpp = clike((modes) => modes.cpp);
const csharp = clike((modes) => modes.csharp);

/** By a language's name, what CodeMirror calls it, or how its files end. */
const GRAMMARS: ReadonlyMap<string, Load> = new Map<string, Load>([
  ...["r", "ir"].map((name) => [name, r] as const),
  ...["julia", "jl"].map((name) => [name, julia] as const),
  ...["shell", "bash", "sh", "zsh", "fish", "text/x-sh"].map((name) => [name, shell] as const),
  ...["javascript", "js", "node", "ecmascript"].map((name) => [name, script(false)] as const),
  ...["typescript", "ts", "deno"].map((name) => [name, script(true)] as const),
  ...["sql", "postgresql", "sqlite", "mysql"].map((name) => [name, sql] as const),
  ...["octave", "matlab", "scilab", "m"].map((name) => [name, octave] as const),
  ["c", clike((modes) => modes.c)],
  ...["c++", "cpp", "c++11", "c++14", "c++17", "c++20", "c++23"].map((n) => [n, cpp] as const),
  ["java", clike((modes) => modes.java)],
  ["kotlin", clike((modes) => modes.kotlin)],
  ["scala", clike((modes) => modes.scala)],
  ["dart", clike((modes) => modes.dart)],
  ...["c#", "csharp", "cs"].map((name) => [name, csharp] as const),
  ...["f#", "fsharp", "fs"].map((name) => [name, fsharp] as const),
  ...["ocaml", "ml", "sml"].map((name) => [name, ocaml] as const),
  ...["ruby", "rb"].map((name) => [name, ruby] as const),
  ...["rust", "rs"].map((name) => [name, rust] as const),
  ...["haskell", "hs"].map((name) => [name, haskell] as const),
  ...["common lisp", "lisp", "commonlisp"].map((name) => [name, lisp] as const),
  ["go", () => streamed(import("@codemirror/legacy-modes/mode/go").then((modes) => modes.go))],
  [
    "perl",
    () => streamed(import("@codemirror/legacy-modes/mode/perl").then((modes) => modes.perl)),
  ],
  ["lua", () => streamed(import("@codemirror/legacy-modes/mode/lua").then((modes) => modes.lua))],
  [
    "clojure",
    () => streamed(import("@codemirror/legacy-modes/mode/clojure").then((modes) => modes.clojure)),
  ],
  [
    "scheme",
    () => streamed(import("@codemirror/legacy-modes/mode/scheme").then((modes) => modes.scheme)),
  ],
  [
    "erlang",
    () => streamed(import("@codemirror/legacy-modes/mode/erlang").then((modes) => modes.erlang)),
  ],
  [
    "fortran",
    () => streamed(import("@codemirror/legacy-modes/mode/fortran").then((modes) => modes.fortran)),
  ],
  [
    "groovy",
    () => streamed(import("@codemirror/legacy-modes/mode/groovy").then((modes) => modes.groovy)),
  ],
  [
    "powershell",
    () =>
      streamed(
        import("@codemirror/legacy-modes/mode/powershell").then((modes) => modes.powerShell),
      ),
  ],
  [
    "swift",
    () => streamed(import("@codemirror/legacy-modes/mode/swift").then((modes) => modes.swift)),
  ],
  ["tcl", () => streamed(import("@codemirror/legacy-modes/mode/tcl").then((modes) => modes.tcl))],
  ["sas", () => streamed(import("@codemirror/legacy-modes/mode/sas").then((modes) => modes.sas))],
  [
    "sparql",
    () => streamed(import("@codemirror/legacy-modes/mode/sparql").then((modes) => modes.sparql)),
  ],
  [
    "mathematica",
    () =>
      streamed(
        import("@codemirror/legacy-modes/mode/mathematica").then((modes) => modes.mathematica),
      ),
  ],
]);

const loading = new Map<string, Promise<Language | null>>();
const loaded = new Map<string, Language | null>();

function keyOf(language: NotebookLanguage): string {
  const names = [language.name, language.mode, language.ending];
  return names.find((name) => GRAMMARS.has(name)) ?? "";
}

/** What is there already; null: nothing, or not yet. */
export function grammarOf(language: NotebookLanguage): Language | null {
  return loaded.get(keyOf(language)) ?? null;
}

/** Null where nobody knows how the language is coloured. */
export function loadGrammar(language: NotebookLanguage): Promise<Language | null> {
  const key = keyOf(language);
  const before = loading.get(key);
  if (before) return before;
  const load = GRAMMARS.get(key);
  const asked = (load ? load() : Promise.resolve(null)).then(
    (grammar) => {
      loaded.set(key, grammar);
      return grammar;
    },
    () => {
      loading.delete(key); // the server is away; the next editor asks again
      return null;
    },
  );
  loading.set(key, asked);
  return asked;
}
