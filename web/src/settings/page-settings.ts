/** What a person chose for the page (PAGE-12), read into our types at the door. */

export interface PageSettings {
  readonly theme: "system" | "light" | "dark";
  /** Of code, in pixels. */
  readonly fontSize: number;
  readonly hasLineNumbers: boolean;
  readonly wraps: boolean;
  readonly hasIndentGuides: boolean;
  readonly autosaves: boolean;
  readonly keymap: "default" | "vim";
  readonly completesWhileTyping: boolean;
  readonly findsMistakes: boolean;
  readonly formatsOnSave: boolean;
  readonly movesOn: boolean;
  /** A cell that ran longer is told of when it ends; 0 never. */
  readonly noticeAfterS: number;
  readonly hasBrowserNotices: boolean;
  /** Whether a notebook that is just begun teaches its first keys. */
  readonly hasHints: boolean;
  /** Whether outputs may load from other sites; and the notebooks in which they may anyway. */
  readonly opensOutputs: boolean;
  readonly opensOutputsOf: readonly string[];
  /** Whether new notebooks keep their outputs in a file beside them. */
  readonly keepsOutputsBeside: boolean;
  readonly shortcuts: { readonly [commandId: string]: readonly string[] };
}

export const DEFAULTS: PageSettings = {
  theme: "system",
  fontSize: 13,
  hasLineNumbers: false,
  wraps: true,
  hasIndentGuides: false,
  autosaves: true,
  keymap: "default",
  completesWhileTyping: false,
  findsMistakes: false,
  formatsOnSave: false,
  movesOn: true,
  noticeAfterS: 10,
  hasBrowserNotices: false,
  hasHints: true,
  opensOutputs: false,
  opensOutputsOf: [],
  keepsOutputsBeside: false,
  shortcuts: {},
};

/** The fields by their names on the wire. */
const WIRE = {
  theme: "theme",
  fontSize: "font_size",
  hasLineNumbers: "line_numbers",
  wraps: "wrap",
  hasIndentGuides: "indent_guides",
  autosaves: "autosave",
  keymap: "keymap",
  completesWhileTyping: "complete_while_typing",
  findsMistakes: "find_mistakes",
  formatsOnSave: "format_on_save",
  movesOn: "move_on_after_run",
  noticeAfterS: "notice_after_s",
  hasBrowserNotices: "browser_notices",
  hasHints: "hints",
  opensOutputs: "output_network",
  opensOutputsOf: "output_network_for",
  keepsOutputsBeside: "outputs_beside",
  shortcuts: "shortcuts",
} as const satisfies { [Name in keyof PageSettings]: string };

export function settingsOf(answer: unknown): PageSettings {
  const given =
    typeof answer === "object" && answer !== null ? (answer as { [key: string]: unknown }) : {};
  const flag = (name: string, otherwise: boolean) => {
    const value = given[name];
    return typeof value === "boolean" ? value : otherwise;
  };
  const number = (name: string, otherwise: number) => {
    const value = given[name];
    return typeof value === "number" ? value : otherwise;
  };
  const { theme, keymap } = given;
  return {
    theme: theme === "light" || theme === "dark" ? theme : "system",
    fontSize: number(WIRE.fontSize, DEFAULTS.fontSize),
    hasLineNumbers: flag(WIRE.hasLineNumbers, DEFAULTS.hasLineNumbers),
    wraps: flag(WIRE.wraps, DEFAULTS.wraps),
    hasIndentGuides: flag(WIRE.hasIndentGuides, DEFAULTS.hasIndentGuides),
    autosaves: flag(WIRE.autosaves, DEFAULTS.autosaves),
    keymap: keymap === "vim" ? "vim" : "default",
    completesWhileTyping: flag(WIRE.completesWhileTyping, DEFAULTS.completesWhileTyping),
    findsMistakes: flag(WIRE.findsMistakes, DEFAULTS.findsMistakes),
    formatsOnSave: flag(WIRE.formatsOnSave, DEFAULTS.formatsOnSave),
    movesOn: flag(WIRE.movesOn, DEFAULTS.movesOn),
    noticeAfterS: number(WIRE.noticeAfterS, DEFAULTS.noticeAfterS),
    hasBrowserNotices: flag(WIRE.hasBrowserNotices, DEFAULTS.hasBrowserNotices),
    hasHints: flag(WIRE.hasHints, DEFAULTS.hasHints),
    opensOutputs: flag(WIRE.opensOutputs, DEFAULTS.opensOutputs),
    opensOutputsOf: textsOf(given[WIRE.opensOutputsOf]),
    keepsOutputsBeside: flag(WIRE.keepsOutputsBeside, DEFAULTS.keepsOutputsBeside),
    shortcuts: shortcutsOf(given[WIRE.shortcuts]),
  };
}

function textsOf(given: unknown): readonly string[] {
  return Array.isArray(given) ? given.filter((each) => typeof each === "string") : [];
}

function shortcutsOf(given: unknown): { [commandId: string]: readonly string[] } {
  if (typeof given !== "object" || given === null) return {};
  const found: { [commandId: string]: readonly string[] } = {};
  for (const [id, keys] of Object.entries(given)) {
    if (Array.isArray(keys) && keys.every((key) => typeof key === "string")) found[id] = keys;
  }
  return found;
}

/** The wire's form of some settings. */
export function wireOf(changes: Partial<PageSettings>): { [name: string]: unknown } {
  return Object.fromEntries(
    (Object.keys(WIRE) as (keyof PageSettings)[])
      .filter((name) => changes[name] !== undefined)
      .map((name) => [WIRE[name], changes[name]]),
  );
}

export function isEqual(a: PageSettings, b: PageSettings): boolean {
  return JSON.stringify(wireOf(a)) === JSON.stringify(wireOf(b));
}
