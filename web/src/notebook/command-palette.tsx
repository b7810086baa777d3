/** The palette with every command of the table. */

import { useMemo } from "react";
import { Palette, type PaletteEntry } from "../palette/palette";
import { COMMANDS, keyWords, type PageActs } from "./commands";
import { useDesk } from "./use-view";

interface CommandPaletteProps {
  readonly page: PageActs;
  readonly onClose: () => void;
}

export function CommandPalette({ page, onClose }: CommandPaletteProps) {
  const { commander } = useDesk();
  const entries = useMemo(
    () =>
      COMMANDS.filter((command) => command.id !== "palette").map(
        (command): PaletteEntry => ({
          id: command.id,
          title: command.title,
          group: command.group,
          keys: command.keys.map(keyWords),
          run: () => command.run(commander, page),
        }),
      ),
    [commander, page],
  );
  return <Palette entries={entries} onClose={onClose} />;
}
