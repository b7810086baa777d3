/**
 * Everything one can do in a notebook, once: the keys are obeyed from this table, and the
 * shortcut sheet, the menus and the palette are written from it.
 */

import { PANELS, type PanelName } from "../panels/panel-state";
import { bound, type Chosen, type Reach } from "../settings/bound-keys";
import { changeSettings, currentSettings, useSettings } from "../settings/settings-store";
import { keyWords } from "../ui/key-names";
import { setTheme } from "../ui/theme";
import type { Commander } from "./commander";
import { EXPORTS, type ExportForm } from "./exporting";

export type CommandGroup = "Run" | "Go" | "Cells" | "Kind" | "Kernel" | "Notebook" | "View";

export const GROUPS: readonly CommandGroup[] = [
  "Run",
  "Go",
  "Cells",
  "Kind",
  "Kernel",
  "Notebook",
  "View",
];

export interface Command {
  /** What settings and tests know it by. */
  readonly id: string;
  /**
   * A key is written as its name with modifiers in front: `Shift+M`, `Ctrl+Enter`. Two in a
   * row are pressed one after the other: `D D`. `Ctrl` is Command on a Mac.
   */
  readonly keys: readonly string[];
  readonly title: string;
  readonly group: CommandGroup;
  readonly run: (commander: Commander, page: PageActs) => void;
  /** Keys that type text stay in command mode, whatever the reach. */
  readonly reach: Exclude<Reach, "text">;
}

/** What the page itself does. */
export interface PageActs {
  showShortcuts(): void;
  askRestart(): void;
  showPalette(): void;
  showSettings(): void;
  chooseKernel(): void;
  togglePanel(name: PanelName): void;
  goHome(): void;
  print(): void;
  /** Saves the notebook in another form, where one's browser saves files. */
  exportAs(form: ExportForm): void;
  /** Opens the search; `replaces` with the line for what takes its place. */
  find(replaces: boolean): void;
}

function command(
  id: string,
  group: CommandGroup,
  title: string,
  keys: readonly string[],
  run: Command["run"],
  reach: Command["reach"] = group === "Run" ? "cell" : "command",
): Command {
  return { id, group, title, keys, run, reach };
}

export const COMMANDS: readonly Command[] = [
  command("run-next", "Run", "Run the selected cells, go to the next", ["Shift+Enter"], (c) =>
    c.run("next"),
  ),
  command("run", "Run", "Run the selected cells", ["Ctrl+Enter"], (c) => c.run("stay")),
  command("run-insert", "Run", "Run, insert a cell below", ["Alt+Enter"], (c) => c.run("insert")),
  command("run-all", "Run", "Run all cells", [], (c) => c.runAll()),
  command("run-above", "Run", "Run all cells above", [], (c) => c.runAbove()),
  command("run-below", "Run", "Run from here on", [], (c) => c.runBelow()),
  command("run-changed", "Run", "Run what is new or was edited since it ran", [], (c) =>
    c.runChanged(),
  ),
  command("empty-queue", "Run", "Empty the queue", [], (c) => c.cancel(null)),

  command("edit", "Go", "Edit the cell", ["Enter"], (c) => editActive(c)),
  command("go-up", "Go", "Cell above", ["K", "ArrowUp"], (c) => void c.go(-1)),
  command("go-down", "Go", "Cell below", ["J", "ArrowDown"], (c) => void c.go(1)),
  command("select-up", "Go", "Select upwards", ["Shift+K", "Shift+ArrowUp"], (c) => {
    c.go(-1, "extend");
  }),
  command("select-down", "Go", "Select downwards", ["Shift+J", "Shift+ArrowDown"], (c) => {
    c.go(1, "extend");
  }),
  command("go-first", "Go", "First cell", ["Ctrl+ArrowUp"], (c) => c.goToEnd("first")),
  command("go-last", "Go", "Last cell", ["Ctrl+ArrowDown"], (c) => c.goToEnd("last")),
  command("select-to-first", "Go", "Select up to the first cell", ["Shift+Home"], (c) =>
    c.selectToEnd("first"),
  ),
  command("select-to-last", "Go", "Select down to the last cell", ["Shift+End"], (c) =>
    c.selectToEnd("last"),
  ),
  command("fold", "Go", "Fold the section", ["ArrowLeft"], (c) => c.fold(true)),
  command("unfold", "Go", "Unfold the section", ["ArrowRight"], (c) => c.fold(false)),
  command("fold-all", "Go", "Fold all sections", [], (c) => c.foldAll(true)),
  command("unfold-all", "Go", "Unfold all sections", [], (c) => c.foldAll(false)),
  command("go-running", "Go", "Go to the running cell", [], (c) => c.goToRunning()),
  command("select-all", "Go", "Select all cells", ["Ctrl+A"], (c) => selectAll(c)),

  command("insert-above", "Cells", "Insert a cell above", ["A"], (c) => c.insert("above")),
  command("insert-below", "Cells", "Insert a cell below", ["B"], (c) => c.insert("below")),
  command("cut", "Cells", "Cut", ["X"], (c) => c.cut()),
  command("copy", "Cells", "Copy", ["C"], (c) => c.copy()),
  command("paste-below", "Cells", "Paste below", ["V"], (c) => c.paste("below")),
  command("paste-above", "Cells", "Paste above", ["Shift+V"], (c) => c.paste("above")),
  command("duplicate", "Cells", "Duplicate", [], (c) => c.duplicate()),
  command("delete", "Cells", "Delete", ["D D"], (c) => c.delete()),
  command("undo", "Cells", "Undo the last change to cells", ["Z"], (c) => c.undo()),
  command("redo", "Cells", "Redo it", ["Shift+Z"], (c) => c.redo()),
  command("merge", "Cells", "Merge the selected cells, or with the one below", ["Shift+M"], (c) =>
    c.merge(),
  ),
  command("move-up", "Cells", "Move up", ["Ctrl+Shift+ArrowUp"], (c) => c.move(-1)),
  command("move-down", "Cells", "Move down", ["Ctrl+Shift+ArrowDown"], (c) => c.move(1)),
  command("move-first", "Cells", "Move to the top", [], (c) => c.moveToEnd("first")),
  command("move-last", "Cells", "Move to the end", [], (c) => c.moveToEnd("last")),
  command("format", "Cells", "Format the selected cells", [], (c) => c.format(c.selected)),
  command("format-all", "Notebook", "Format all cells", [], (c) => c.format()),
  command("toggle-outputs", "Cells", "Hide or show the output", ["O"], (c) => c.toggle("outputs")),
  command("toggle-source", "Cells", "Hide or show the source", [], (c) => c.toggle("source")),
  command("hide-all-outputs", "Cells", "Hide all outputs", [], (c) => c.hide("outputs", true)),
  command("show-all-outputs", "Cells", "Show all outputs", [], (c) => c.hide("outputs", false)),
  command("hide-all-sources", "Cells", "Hide all sources", [], (c) => c.hide("source", true)),
  command("show-all-sources", "Cells", "Show all sources", [], (c) => c.hide("source", false)),
  command("toggle-scroll", "Cells", "Put the output into a scroll box, or out", ["Shift+O"], (c) =>
    c.toggleScroll(),
  ),
  command("clear-outputs", "Cells", "Clear the output", [], (c) => c.clearOutputs(c.selected)),
  command("clear-all-outputs", "Cells", "Clear all outputs", [], (c) => c.clearOutputs(null)),

  command("to-code", "Kind", "To code", ["Y"], (c) => c.setKind("code")),
  command("to-markdown", "Kind", "To Markdown", ["M"], (c) => c.setKind("markdown")),
  command("to-raw", "Kind", "To raw text", ["R"], (c) => c.setKind("raw")),
  ...[1, 2, 3, 4, 5, 6].map((level) =>
    command(`to-heading-${level}`, "Kind", `To a heading of level ${level}`, [`${level}`], (c) =>
      c.setHeading(level),
    ),
  ),

  command("interrupt", "Kernel", "Interrupt", ["I I"], (c) => c.interrupt(), "cell"),
  command("restart", "Kernel", "Restart the kernel", ["0 0"], (_, page) => page.askRestart()),
  command("restart-run-all", "Kernel", "Restart and run all", [], (c) => c.restart(true)),
  command("restart-clear", "Kernel", "Restart and clear all outputs", [], (c) => {
    c.restart();
    c.clearOutputs(null);
  }),
  command("start-kernel", "Kernel", "Start the kernel", [], (c) => c.startKernel()),
  command("change-kernel", "Kernel", "Change the kernel …", [], (_, page) => page.chooseKernel()),
  command("debug", "Kernel", "Turn the debugger on or off", [], (c) => c.toggleDebugger()),
  command("stop-kernel", "Kernel", "Stop the kernel", [], (c) => c.stopKernel()),

  command("save", "Notebook", "Save", ["Ctrl+S", "S"], (c) => c.save(), "cell"),
  command("find", "Notebook", "Find", ["Ctrl+F", "F"], (_, page) => page.find(false), "everywhere"),
  command(
    "replace",
    "Notebook",
    "Find and replace",
    ["Ctrl+H"],
    (_, page) => page.find(true),
    "everywhere",
  ),
  command("print", "Notebook", "Print", ["Ctrl+P"], (_, page) => page.print(), "everywhere"),
  ...EXPORTS.map(({ form, title }) =>
    command(`export-${form}`, "Notebook", `Export as ${title}`, [], (_, page) =>
      page.exportAs(form),
    ),
  ),
  command("outputs-beside", "Notebook", "Keep outputs in a file beside, or in it", [], (c) =>
    c.toggleOutputsBeside(),
  ),
  command("home", "Notebook", "All files", [], (_, page) => page.goHome()),

  command(
    "palette",
    "View",
    "All commands",
    ["Ctrl+Shift+P", "Ctrl+K", "P"],
    (_, page) => page.showPalette(),
    "everywhere",
  ),
  ...PANELS.map(({ name, title }) =>
    command(`panel-${name}`, "View", `Panel: ${title}`, [], (_, page) => page.togglePanel(name)),
  ),
  command("line-numbers", "View", "Line numbers", ["L", "Shift+L"], () => {
    changeSettings({ hasLineNumbers: !currentSettings().hasLineNumbers });
  }),
  command("wrap", "View", "Wrap long lines", [], () => {
    changeSettings({ wraps: !currentSettings().wraps });
  }),
  command("larger", "View", "Larger code", [], () => resize(1)),
  command("smaller", "View", "Smaller code", [], () => resize(-1)),
  command(
    "settings",
    "View",
    "Settings",
    ["Ctrl+,"],
    (_, page) => page.showSettings(),
    "everywhere",
  ),
  command("theme-light", "View", "Light theme", [], () => setTheme("light")),
  command("theme-dark", "View", "Dark theme", [], () => setTheme("dark")),
  command("theme-system", "View", "Theme as the system", [], () => setTheme("system")),
  command("shortcuts", "View", "Keyboard shortcuts", ["H"], (_, page) => page.showShortcuts()),
];

function editActive(commander: Commander): void {
  const { active } = commander.view.current;
  if (active !== null) commander.view.edit(active);
}

function resize(by: number): void {
  const fontSize = Math.min(28, Math.max(9, currentSettings().fontSize + by));
  changeSettings({ fontSize });
}

function selectAll(commander: Commander): void {
  const { order } = commander;
  const [first, last] = [order[0], order.at(-1)];
  if (first === undefined || last === undefined) return;
  commander.view.select(first);
  commander.view.extendTo(last);
}

let last: { readonly chosen: Chosen; readonly commands: readonly Command[] } | null = null;

/** The commands with the keys that were chosen; made anew only when others are. */
export function commandsWith(chosen: Chosen): readonly Command[] {
  if (last?.chosen !== chosen) last = { chosen, commands: bound(COMMANDS, chosen) };
  return last.commands;
}

/** The commands with the keys a person gave them. */
export function useCommands(): readonly Command[] {
  return commandsWith(useSettings().shortcuts);
}

/** The first key of a command as people read it, for a menu; undefined when it has none. */
export function keyOf(commandId: string, joint?: string): string | undefined {
  const commands = commandsWith(currentSettings().shortcuts);
  const key = commands.find((each) => each.id === commandId)?.keys[0];
  return key === undefined ? undefined : keyWords(key, joint);
}

/** Puts the keys of commands behind words, for a tooltip: `Find (Ctrl+F)`. */
export function useWithKeys(): (words: string, ...commandIds: readonly string[]) => string {
  useCommands(); // wakes when other keys are chosen
  return withKeys;
}

function withKeys(words: string, ...commandIds: readonly string[]): string {
  const keys = commandIds.flatMap((id) => keyOf(id, "+") ?? []);
  return keys.length === 0 ? words : `${words} (${keys.join(", ")})`;
}
