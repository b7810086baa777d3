/** The palette with every command of the notebook and of the editor. */

import { useMemo } from "react";
import { Palette, type PaletteEntry } from "../palette/palette";
import { keyWords } from "../ui/key-names";
import { type PageActs, useCommands } from "./commands";
import { runInEditor, useEditorCommands } from "./typing-keys";
import { useDesk } from "./use-view";

interface CommandPaletteProps {
  readonly page: PageActs;
  readonly onClose: () => void;
}

export function CommandPalette({ page, onClose }: CommandPaletteProps) {
  const { commander } = useDesk();
  const commands = useCommands();
  const editorCommands = useEditorCommands();
  const entries = useMemo(
    () => [
      ...commands
        .filter((command) => command.id !== "palette")
        .map(
          (command): PaletteEntry => ({
            id: command.id,
            title: command.title,
            group: command.group,
            keys: command.keys.map((key) => keyWords(key)),
            run: () => command.run(commander, page),
          }),
        ),
      ...editorCommands
        .filter((each) => !each.isForFingers)
        .map(
          (command): PaletteEntry => ({
            id: `text-${command.id}`,
            title: command.title,
            group: "Text",
            keys: command.keys.map((key) => keyWords(key)),
            run: () => runInEditor(commander, command),
          }),
        ),
    ],
    [commands, editorCommands, commander, page],
  );
  return <Palette entries={entries} onClose={onClose} />;
}
