/** Which keys a command has: its own, or those a person gave it. Pure. */

interface Keyed {
  readonly id: string;
  readonly keys: readonly string[];
}

export type Chosen = { readonly [commandId: string]: readonly string[] };

export function bound<C extends Keyed>(commands: readonly C[], chosen: Chosen): readonly C[] {
  return commands.map((command) => {
    const keys = Object.hasOwn(chosen, command.id) ? chosen[command.id] : undefined;
    return keys ? { ...command, keys } : command;
  });
}

/**
 * The command that stands in the way of a new key: it has the key itself, or one of the two is
 * the first press of the other (`D` and `D D`).
 */
export function inTheWay<C extends Keyed>(
  commands: readonly C[],
  commandId: string,
  key: string,
): C | null {
  return (
    commands.find(
      (command) =>
        command.id !== commandId &&
        command.keys.some(
          (other) => other === key || other.startsWith(`${key} `) || key.startsWith(`${other} `),
        ),
    ) ?? null
  );
}
