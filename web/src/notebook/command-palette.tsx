/** The palette with every command of the table, and what the editor does by its own keys. */

import { useMemo } from "react";
import { Palette, type PaletteEntry } from "../palette/palette";
import { keyWords } from "../ui/key-names";
import { type PageActs, useCommands } from "./commands";
import { EDITOR_COMMANDS, pressInEditor } from "./editor-commands";
import { useDesk } from "./use-view";

interface CommandPaletteProps {
  readonly page: PageActs;
  readonly onClose: () => void;
}

export function CommandPalette({ page, onClose }: CommandPaletteProps) {
  const { commander } = useDesk();
  const commands = useCommands();
  const entries = useMemo(
    () => [
      ...commands
        .filter((command) => command.id !== "palette")
        .map(
          (command): PaletteEntry => ({
            id: command.id,
            title: command.title,
            group: command.group,
            keys: command.keys.map(keyWords),
            run: () => command.run(commander, page),
          }),
        ),
      ...EDITOR_COMMANDS.filter((each) => !each.isForFingers).map(
        ({ id, title, keys }): PaletteEntry => ({
          id: `text-${id}`,
          title,
          group: "Text",
          keys: keys.map(keyWords),
          run: () => pressInEditor(commander, keys[0] ?? ""),
        }),
      ),
    ],
    [commands, commander, page],
  );
  return <Palette entries={entries} onClose={onClose} />;
}
