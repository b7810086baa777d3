/** Which keys a command has: its own, or those a person gave it. Pure. */

interface Keyed {
  readonly id: string;
  readonly keys: readonly string[];
}

/**
 * Where a command's keys are obeyed: in command mode; also while one types in a cell; also in
 * every field of the page; or only in the text of a cell, where it is the editor's.
 */
export type Reach = "command" | "cell" | "everywhere" | "text";

export type Chosen = { readonly [commandId: string]: readonly string[] };

export function bound<C extends Keyed>(commands: readonly C[], chosen: Chosen): readonly C[] {
  return commands.map((command) => {
    const keys = Object.hasOwn(chosen, command.id) ? chosen[command.id] : undefined;
    return keys ? { ...command, keys } : command;
  });
}
