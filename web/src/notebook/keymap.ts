/**
 * The keys of command mode: Jupyter's. One table, from which the keys are obeyed and the
 * shortcut sheet is written.
 */

import type { Commander } from "./commander";

export interface Command {
  readonly keys: readonly string[];
  readonly title: string;
  readonly group: "Run" | "Go" | "Cells" | "Kind" | "Notebook";
  readonly run: (commander: Commander, page: PageActs) => void;
}

/** What the page itself does. */
export interface PageActs {
  showShortcuts(): void;
  askRestart(): void;
}

/**
 * A key is written as its name with modifiers in front: `Shift+M`, `Ctrl+Enter`. Two in a
 * row are pressed one after the other: `D D`. `Ctrl` is Command on a Mac.
 */
export const COMMANDS: readonly Command[] = [
  {
    keys: ["Shift+Enter"],
    group: "Run",
    title: "Run the selected cells, go to the next",
    run: (c) => c.run("next"),
  },
  {
    keys: ["Ctrl+Enter"],
    group: "Run",
    title: "Run the selected cells",
    run: (c) => c.run("stay"),
  },
  {
    keys: ["Alt+Enter"],
    group: "Run",
    title: "Run, insert a cell below",
    run: (c) => c.run("insert"),
  },
  { keys: ["I I"], group: "Run", title: "Interrupt", run: (c) => c.interrupt() },
  { keys: ["0 0"], group: "Run", title: "Restart the kernel", run: (_, page) => page.askRestart() },

  { keys: ["Enter"], group: "Go", title: "Edit the cell", run: (c) => editActive(c) },
  { keys: ["K", "ArrowUp"], group: "Go", title: "Cell above", run: (c) => void c.go(-1) },
  { keys: ["J", "ArrowDown"], group: "Go", title: "Cell below", run: (c) => void c.go(1) },
  {
    keys: ["Shift+K", "Shift+ArrowUp"],
    group: "Go",
    title: "Select upwards",
    run: (c) => void c.go(-1, "extend"),
  },
  {
    keys: ["Shift+J", "Shift+ArrowDown"],
    group: "Go",
    title: "Select downwards",
    run: (c) => void c.go(1, "extend"),
  },
  { keys: ["Ctrl+ArrowUp"], group: "Go", title: "First cell", run: (c) => c.goToEnd("first") },
  { keys: ["Ctrl+ArrowDown"], group: "Go", title: "Last cell", run: (c) => c.goToEnd("last") },
  { keys: ["Ctrl+A"], group: "Go", title: "Select all cells", run: (c) => selectAll(c) },

  { keys: ["A"], group: "Cells", title: "Insert a cell above", run: (c) => c.insert("above") },
  { keys: ["B"], group: "Cells", title: "Insert a cell below", run: (c) => c.insert("below") },
  { keys: ["X"], group: "Cells", title: "Cut", run: (c) => c.cut() },
  { keys: ["C"], group: "Cells", title: "Copy", run: (c) => c.copy() },
  { keys: ["V"], group: "Cells", title: "Paste below", run: (c) => c.paste("below") },
  { keys: ["Shift+V"], group: "Cells", title: "Paste above", run: (c) => c.paste("above") },
  { keys: ["D D"], group: "Cells", title: "Delete", run: (c) => c.delete() },
  { keys: ["Z"], group: "Cells", title: "Undo the last change to cells", run: (c) => c.undo() },
  { keys: ["Shift+Z"], group: "Cells", title: "Redo", run: (c) => c.redo() },
  {
    keys: ["Shift+M"],
    group: "Cells",
    title: "Merge the selected cells, or with the one below",
    run: (c) => c.merge(),
  },
  { keys: ["Ctrl+Shift+ArrowUp"], group: "Cells", title: "Move up", run: (c) => c.move(-1) },
  { keys: ["Ctrl+Shift+ArrowDown"], group: "Cells", title: "Move down", run: (c) => c.move(1) },
  { keys: ["O"], group: "Cells", title: "Hide or show the output", run: (c) => c.toggleOutputs() },

  { keys: ["Y"], group: "Kind", title: "To code", run: (c) => c.setKind("code") },
  { keys: ["M"], group: "Kind", title: "To Markdown", run: (c) => c.setKind("markdown") },
  { keys: ["R"], group: "Kind", title: "To raw text", run: (c) => c.setKind("raw") },
  ...[1, 2, 3, 4, 5, 6].map(
    (level): Command => ({
      keys: [String(level)],
      group: "Kind",
      title: `To a heading of level ${level}`,
      run: (c) => c.setHeading(level),
    }),
  ),

  { keys: ["Ctrl+S", "S"], group: "Notebook", title: "Save", run: (c) => c.save() },
  {
    keys: ["L", "Shift+L"],
    group: "Notebook",
    title: "Line numbers",
    run: (c) => c.view.toggleLineNumbers(),
  },
  { keys: ["H"], group: "Notebook", title: "This list", run: (_, page) => page.showShortcuts() },
];

/** Keys inside an editor, for the sheet; the editor itself obeys them. */
export const EDITOR_KEYS: readonly { readonly keys: readonly string[]; readonly title: string }[] =
  [
    { keys: ["Esc"], title: "Back to command mode" },
    { keys: ["Tab", "Ctrl+Space"], title: "Complete, or indent" },
    { keys: ["Shift+Tab"], title: "Documentation at the cursor, or outdent" },
    { keys: ["Ctrl+Shift+-"], title: "Split the cell at the cursor" },
    { keys: ["Ctrl+/"], title: "Comment the lines in or out" },
    { keys: ["Ctrl+Z", "Ctrl+Y"], title: "Undo and redo typing" },
    { keys: ["Alt+ArrowUp", "Alt+ArrowDown"], title: "Move the line" },
  ];

function editActive(commander: Commander): void {
  const { active } = commander.view.current;
  if (active !== null) commander.view.edit(active);
}

function selectAll(commander: Commander): void {
  const { order } = commander;
  const [first, last] = [order[0], order.at(-1)];
  if (first === undefined || last === undefined) return;
  commander.view.select(first);
  commander.view.extendTo(last);
}

const SEQUENCE_MS = 900; // between the two keys of `D D`

/** The name of a key press, as the table writes it. */
export function nameOf(
  event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">,
): string {
  const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
  // On most keyboards a shifted sign is another sign; only letters and named keys count it.
  const isShifted = event.shiftKey && (key.length > 1 || key !== event.key.toLowerCase());
  return [
    event.ctrlKey || event.metaKey ? "Ctrl+" : "",
    event.altKey ? "Alt+" : "",
    isShifted ? "Shift+" : "",
    key,
  ].join("");
}

/** Reads key presses one by one and finds the commands they mean. */
export class Keys {
  readonly #byKey = new Map<string, Command>();
  #first: { readonly key: string; readonly at: number } | null = null;

  constructor(commands: readonly Command[] = COMMANDS) {
    for (const command of commands) for (const key of command.keys) this.#byKey.set(key, command);
  }

  /** The command of this press; `"wait"` for the first of two keys; null for none. */
  read(name: string, at: number): Command | "wait" | null {
    const first = this.#first;
    this.#first = null;
    if (first && at - first.at < SEQUENCE_MS) {
      const both = this.#byKey.get(`${first.key} ${name}`);
      if (both) return both;
    }
    const single = this.#byKey.get(name);
    if (single) return single;
    const begins = [...this.#byKey.keys()].some((keys) => keys.startsWith(`${name} `));
    if (!begins) return null;
    this.#first = { key: name, at };
    return "wait";
  }
}
