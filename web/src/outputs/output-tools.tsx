/** What one can do with one output: copy, save, look at it larger. */

import { Menu, type MenuEntry } from "../ui/menu";
import { notify } from "../ui/notices";
import type { Parts } from "./output-parts";
import { asPng, fileName, pictureBlob, save } from "./picture-file";

export type Scroll = "auto" | "box" | "whole";

/** How the outputs of the cell stand; kept in the notebook's file. */
export interface OutputsLook {
  readonly scroll: Scroll;
  readonly setScroll: (scroll: Scroll) => void;
  readonly hide: () => void;
}

interface ToolsProps {
  readonly parts: () => Parts;
  readonly isWide: boolean;
  readonly setWide: (isWide: boolean) => void;
  readonly showFull: () => void;
  readonly look: OutputsLook;
}

export function OutputTools({ parts, isWide, setWide, showFull, look }: ToolsProps) {
  function entries(): MenuEntry[] {
    const { text, picture, file } = parts();
    const { scroll, setScroll } = look;
    return [
      ...(text
        ? [{ label: "Copy text", icon: "copy", run: () => void copyText(text) } as const]
        : []),
      ...(picture
        ? [
            { label: "Copy image", icon: "copy", run: () => void copyPicture(picture) } as const,
            {
              label: "Save image",
              icon: "download",
              run: () => void savePicture(picture),
            } as const,
          ]
        : []),
      ...(file
        ? [{ label: "Download", icon: "download", run: () => void saveFile(file) } as const]
        : []),
      null,
      { label: "Full screen", icon: "expand", run: showFull },
      { label: isWide ? "Usual width" : "Full width", run: () => setWide(!isWide) },
      scroll === "box"
        ? { label: "Out of the scroll box", run: () => setScroll("auto") }
        : { label: "Into a scroll box", run: () => setScroll("box") },
      scroll === "whole"
        ? { label: "Long text in its box", run: () => setScroll("auto") }
        : { label: "Long text at full height", run: () => setScroll("whole") },
      { label: "Hide the outputs", run: look.hide },
    ];
  }
  return <Menu label="Output actions" icon="more" className="output-tools" entries={entries} />;
}

function failed(what: string, problem: unknown): void {
  const reason = problem instanceof Error ? `: ${problem.message}` : "";
  notify({ text: `${what}${reason}`, tone: "failure" });
}

async function copyText(text: NonNullable<Parts["text"]>): Promise<void> {
  try {
    const item = new ClipboardItem({
      "text/plain": Promise.resolve(text()).then(
        (words) => new Blob([words], { type: "text/plain" }),
      ),
    });
    await navigator.clipboard.write([item]);
    notify({ text: "The output is on the clipboard" });
  } catch (problem) {
    failed("The output was not copied", problem);
  }
}

async function copyPicture(picture: NonNullable<Parts["picture"]>): Promise<void> {
  const png = async () => {
    const taken = await picture();
    if (!taken) throw new Error("it holds no picture");
    return asPng(taken);
  };
  try {
    // A promise, since the browser wants to be asked while the click still counts.
    await navigator.clipboard.write([new ClipboardItem({ "image/png": png() })]);
    notify({ text: "The picture is on the clipboard" });
  } catch (problem) {
    failed("The picture was not copied", problem);
  }
}

async function savePicture(picture: NonNullable<Parts["picture"]>): Promise<void> {
  try {
    const taken = await picture();
    if (!taken) throw new Error("it holds no picture");
    const blob = pictureBlob(taken);
    save(fileName(blob.type), blob);
  } catch (problem) {
    failed("The picture was not saved", problem);
  }
}

async function saveFile(file: NonNullable<Parts["file"]>): Promise<void> {
  try {
    const { name, content } = await file();
    save(name, content);
  } catch (problem) {
    failed("The output was not saved", problem);
  }
}
