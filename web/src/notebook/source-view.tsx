/**
 * A cell's text: highlighted and still, or in its editor. The two look alike and stand in
 * the same place; a press on the still one makes the editor before the press is over.
 */

import { type MouseEvent, useCallback, useLayoutEffect, useRef, useSyncExternalStore } from "react";
import type * as Y from "yjs";
import { CodeEditor } from "../editor/code-editor";
import { grammarOf, loadGrammar } from "../editor/grammars";
import { useSettings } from "../settings/settings-store";
import { type NotebookLanguage, useLanguage } from "../sync/notebook-language";
import { drawHighlighted } from "../ui/highlight";
import { editorActions } from "./editor-port";
import type { Entry } from "./notebook-view";
import { useEditorKeys } from "./typing-keys";
import { useDesk, useView } from "./use-view";

/** The text as it is now; wakes when it changes. */
export function useText(text: Y.Text | null): string {
  const subscribe = useCallback(
    (wake: () => void) => {
      text?.observe(wake);
      return () => text?.unobserve(wake);
    },
    [text],
  );
  return useSyncExternalStore(subscribe, () => text?.toString() ?? "");
}

/** The language's grammar, once it is there; Python's is always. */
function useGrammar(language: NotebookLanguage) {
  const subscribe = useCallback(
    (wake: () => void) => {
      if (!language.isPython && !grammarOf(language)) void loadGrammar(language).then(wake);
      return () => {};
    },
    [language],
  );
  return useSyncExternalStore(subscribe, () => grammarOf(language));
}

interface StillProps {
  readonly text: Y.Text;
  readonly kind: string;
  readonly onPress: (entry: Entry) => void;
}

export function StillSource({ text, kind, onPress }: StillProps) {
  const place = useRef<HTMLPreElement>(null);
  const source = useText(text);
  const language = useLanguage();
  const grammar = useGrammar(language);
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    if (kind === "code" && language.isPython) drawHighlighted(element, source);
    else if (kind === "code") drawHighlighted(element, source, grammar?.parser ?? null);
    else element.textContent = source;
    if (source.endsWith("\n") || source === "") element.append("\u200b");
  }, [source, kind, language, grammar]);
  function press({ clientX, clientY }: MouseEvent) {
    onPress({ at: "point", x: clientX, y: clientY });
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Enter on the cell does the same
    <pre
      ref={place}
      className="code"
      onPointerDown={(event) => {
        if (event.button !== 0 || event.pointerType !== "mouse") return;
        // What was pressed is gone by the end of this: the cell would take the press for one
        // beside the text, and the browser would give the focus to the cell.
        event.stopPropagation();
        event.preventDefault();
        press(event);
      }}
      // A finger may be about to scroll until it has let go.
      onClick={press}
    />
  );
}

interface EditorProps {
  readonly cellId: string;
  readonly text: Y.Text;
  readonly kind: string;
  readonly label: string;
  readonly hint: string;
  readonly isEntered: boolean;
}

export function EditorSource({ cellId, text, kind, label, hint, isEntered }: EditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<CodeEditor | null>(null);
  const desk = useDesk();
  const settings = useSettings();
  const keys = useEditorKeys();
  const language = useLanguage();
  const entry = useView((view) => (view.active === cellId ? view.entry : null));
  const first = useRef({ label, hint, look: settings, keys });

  useLayoutEffect(() => {
    const parent = place.current;
    if (!parent) return;
    const actions = editorActions(cellId, desk.commander);
    const made = new CodeEditor(text, parent, { kind, language, actions, ...first.current });
    editor.current = made;
    return () => {
      editor.current = null;
      made.destroy();
    };
  }, [cellId, text, kind, language, desk]);

  useLayoutEffect(() => {
    const made = editor.current;
    if (!made || !isEntered || !entry) return;
    if (entry.at === "start" || entry.at === "end") made.goTo(entry.at);
    else if (entry.at === "line") made.goToLine(entry.line);
    else if (entry.at === "unit") made.goToUnit(entry.unit);
    else if (entry.at === "point") made.goToPoint(entry.x, entry.y);
    if (!made.view.hasFocus) made.focus();
  }, [isEntered, entry]);

  useLayoutEffect(() => editor.current?.showLook(settings), [settings]);
  useLayoutEffect(() => editor.current?.showKeys(keys), [keys]);
  useLayoutEffect(() => editor.current?.setLabel(label), [label]);
  useLayoutEffect(() => {
    const { mistakes } = desk;
    const show = () => editor.current?.showMistakes(mistakes.of(cellId));
    show();
    return mistakes.subscribe(show);
  }, [desk, cellId]);

  useLayoutEffect(() => {
    const { debug } = desk.commander;
    const show = () =>
      editor.current?.showBreakpoints({
        isOn: debug.state.phase === "on",
        lines: debug.linesOf(cellId),
        standing: debug.standingIn(cellId),
      });
    show();
    return debug.subscribe(show);
  }, [desk, cellId]);

  return <div ref={place} className="editor-place" />;
}
