/** A Markdown cell: rendered, or its source while it is edited. */

import { EditorView } from "@codemirror/view";
import {
  type ClipboardEvent,
  type DragEvent,
  useCallback,
  useMemo,
  useSyncExternalStore,
} from "react";
import { useOutputPlace } from "../outputs/place";
import type { Surroundings } from "../outputs/prose/markdown";
import { MarkdownView } from "../outputs/prose/markdown-view";
import { useSource } from "../sync/use-notebook";
import { attach, attachmentIn, picturesIn } from "./attachments";
import { EditorSource, useText } from "./source-view";
import { useDesk } from "./use-view";

interface MarkdownSourceProps {
  readonly cellId: string;
  readonly name: string;
  readonly isEditing: boolean;
}

export function MarkdownSource({ cellId, name, isEditing }: MarkdownSourceProps) {
  const text = useSource(cellId);
  const { view, commander } = useDesk();
  const source = useText(text);
  const surroundings = useSurroundings(cellId);
  if (!text) return null;
  if (isEditing) {
    return (
      <div
        onPasteCapture={(event) => take(event, event.clipboardData)}
        onDropCapture={(event) => take(event, event.dataTransfer)}
      >
        <EditorSource
          cellId={cellId}
          text={text}
          kind="markdown"
          label={`${name}, source`}
          hint="Markdown, with $formulas$; pictures can be pasted"
          isEntered
        />
      </div>
    );
  }

  /** A picture becomes part of the cell, and is shown where the cursor or the pointer is. */
  function take(event: ClipboardEvent | DragEvent, given: DataTransfer) {
    const pictures = picturesIn(given);
    const editor = editorIn(event.currentTarget);
    if (pictures.length === 0 || !editor) return;
    event.preventDefault();
    event.stopPropagation();
    const { nativeEvent } = event;
    const at =
      nativeEvent instanceof globalThis.DragEvent
        ? editor.posAtCoords({ x: nativeEvent.clientX, y: nativeEvent.clientY })
        : null;
    if (at !== null) editor.dispatch({ selection: { anchor: at } });
    void attach(commander.session.document, cellId, pictures).then((words) => {
      if (words === "") return;
      editor.dispatch(editor.state.replaceSelection(words), { userEvent: "input.paste" });
      editor.focus();
    });
  }

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Enter on the cell does the same
    <div
      className="markdown"
      onDoubleClick={() => view.edit(cellId)}
      onPointerDown={(event) => {
        const target = event.target instanceof Element ? event.target : null;
        if (!target?.closest("a, summary")) view.select(cellId);
      }}
    >
      {source.trim() === "" ? (
        <p className="markdown-empty">Empty Markdown cell. Press Enter to write.</p>
      ) : (
        <MarkdownView
          source={source}
          surroundings={surroundings}
          onAnchor={(anchor) => commander.goToAnchor(anchor)}
        />
      )}
    </div>
  );
}

function editorIn(place: EventTarget & Element): EditorView | null {
  const element = place.querySelector<HTMLElement>(".cm-editor");
  return element ? EditorView.findFromDOM(element) : null;
}

/** What the cell's words mean: its attachments, and the files beside the notebook. */
function useSurroundings(cellId: string): Surroundings {
  const { commander } = useDesk();
  const { beside } = useOutputPlace();
  const cell = commander.session.document.cell(cellId);
  const subscribe = useCallback(
    (wake: () => void) => {
      const changed = (events: readonly { readonly path: readonly unknown[] }[]) => {
        if (events.some(({ path }) => path.length === 0 || path[0] === "attachments")) wake();
      };
      cell?.observeDeep(changed);
      return () => cell?.unobserveDeep(changed);
    },
    [cell],
  );
  // Their names tell when there are others: a picture is put in once and not changed.
  const names = useSyncExternalStore(subscribe, () =>
    [...(cell?.get("attachments")?.keys() ?? [])].join("\n"),
  );
  return useMemo(() => {
    const attachments: unknown = names === "" ? null : cell?.get("attachments")?.toJSON();
    return { ...beside, attachment: (name) => attachmentIn(attachments, name) };
  }, [beside, cell, names]);
}
