/**
 * One cell's editor: CodeMirror bound to the cell's shared text. Made and thrown away as the
 * cell comes into view and leaves it; undo history, cursor and selection outlive it.
 */

import { closeBrackets } from "@codemirror/autocomplete";
import { pythonLanguage } from "@codemirror/lang-python";
import {
  bracketMatching,
  codeFolding,
  indentOnInput,
  indentUnit,
  LanguageSupport,
  syntaxHighlighting,
} from "@codemirror/language";
import { Compartment, EditorSelection, EditorState, type Extension } from "@codemirror/state";
import { EditorView, placeholder, rectangularSelection } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { yCollab } from "y-codemirror.next";
import * as Y from "yjs";
import { TYPED } from "../sync/cells";
import type { NotebookLanguage } from "../sync/notebook-language";
import { type BreakpointsShown, breakpoints, showBreakpoints } from "./breakpoints";
import { beginCalm, calmOnScroll } from "./calm-on-scroll";
import { completion } from "./completion";
import { cursors } from "./cursors";
import { definitions } from "./definition";
import { type EditorActions, editorHome } from "./editor-actions";
import { loadGrammar } from "./grammars";
import { hoverWords } from "./hover";
import { inspection } from "./inspection";
import { type EditorLook, initialLook, showLook } from "./look";
import { type Mistake, mistakes, showMistakes } from "./mistakes";
import { signatureHelp } from "./signature";

export interface EditorOptions {
  readonly kind: string;
  /** Of the notebook's code cells. */
  readonly language: NotebookLanguage;
  readonly label: string;
  readonly hint: string;
  readonly look: EditorLook;
  /** As `editorKeys` makes them; the same for all editors. */
  readonly keys: Extension;
  readonly actions: EditorActions;
}

const language = new Compartment();
const label = new Compartment();
const keys = new Compartment();

/** What outlives an editor, by the text it edited. */
const histories = new WeakMap<Y.Text, Y.UndoManager>();
const selections = new WeakMap<Y.Text, EditorSelection>();

function historyOf(text: Y.Text): Y.UndoManager {
  let history = histories.get(text);
  if (!history) {
    history = new Y.UndoManager(text, {
      captureTimeout: 400,
      trackedOrigins: new Set([null, TYPED]),
    });
    histories.set(text, history);
  }
  return history;
}

/** An empty history is not kept: each one looks at every change of the document. */
function letGoOfHistory(text: Y.Text): void {
  const history = histories.get(text);
  if (!history || history.undoStack.length > 0 || history.redoStack.length > 0) return;
  history.destroy();
  histories.delete(text);
}

/** What every editor shares; made once. */
const shared: Extension = [
  // The shared text counts every character, so only "\n" may count as one line break.
  EditorState.lineSeparator.of("\n"),
  EditorState.allowMultipleSelections.of(true),
  EditorState.tabSize.of(4),
  EditorView.clipboardInputFilter.of((text) =>
    text.replaceAll("\r\n", "\n").replaceAll("\r", "\n"),
  ),
  calmOnScroll,
  rectangularSelection({ eventFilter: (event) => event.altKey && event.shiftKey }),
  codeFolding({ placeholderText: " … " }),
  indentUnit.of("    "),
  syntaxHighlighting(classHighlighter),
  EditorView.theme({}, { dark: false }),
];

const forCode: Extension = [indentOnInput(), bracketMatching(), closeBrackets(), inspection()];

const forPython: Extension = [new LanguageSupport(pythonLanguage), forCode, mistakes()];

/** What Python editors ask of the notebook. */
function pythonHelp(actions: EditorActions): Extension {
  return [
    completion(actions, true),
    signatureHelp(actions),
    hoverWords(actions),
    definitions(actions),
  ];
}

/** What editors of another language ask: all is known by the kernel alone. */
function kernelHelp(actions: EditorActions): Extension {
  return [completion(actions, false), hoverWords(actions)];
}

export class CodeEditor {
  readonly view: EditorView;
  private readonly actions: EditorActions;

  constructor(
    private readonly text: Y.Text,
    parent: HTMLElement,
    options: EditorOptions,
  ) {
    const { actions, kind } = options;
    this.actions = actions;
    const isCode = kind === "code";
    const isPython = isCode && options.language.isPython;
    const doc = text.toString();
    const before = selections.get(text);
    const fits = before?.ranges.every((range) => range.to <= doc.length);
    const selection = fits ? before : undefined;
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        doc,
        ...(selection && { selection }),
        extensions: [
          initialLook(options.look),
          keys.of(options.keys),
          editorHome.of({ actions, language: isPython ? "python" : isCode ? "other" : null }),
          shared,
          cursors(selection?.ranges.length),
          yCollab(text, null, { undoManager: historyOf(text) }),
          isPython ? [forPython, pythonHelp(actions), breakpoints(actions)] : language.of([]),
          isCode && !isPython ? [forCode, kernelHelp(actions)] : [],
          label.of(EditorView.contentAttributes.of(attributesOf(options.label))),
          options.hint === "" ? [] : placeholder(options.hint),
          EditorView.domEventHandlers({
            focus: () => actions.focused(),
            blur: () => actions.blurred(),
          }),
        ],
      }),
    });
    beginCalm(this.view);
    this.showLook(options.look);
    if (kind === "markdown") void this.loadMarkdown();
    else if (isCode && !isPython) void this.loadCode(options.language);
  }

  private async loadCode(of: NotebookLanguage): Promise<void> {
    const grammar = await loadGrammar(of);
    if (grammar && this.view.dom.isConnected) {
      this.view.dispatch({ effects: language.reconfigure(new LanguageSupport(grammar)) });
    }
  }

  private async loadMarkdown(): Promise<void> {
    const { markdown } = await import("@codemirror/lang-markdown");
    // It may have been thrown away while the language was on its way.
    if (this.view.dom.isConnected) {
      this.view.dispatch({ effects: language.reconfigure(markdown()) });
    }
  }

  focus(): void {
    this.view.focus();
  }

  /** The cursor at one end of the text, as when one arrives from the cell above or below. */
  goTo(place: "start" | "end"): void {
    const at = place === "start" ? 0 : this.view.state.doc.length;
    this.view.dispatch({ selection: EditorSelection.cursor(at), scrollIntoView: true });
  }

  /** The cursor under a point of the screen. */
  goToPoint(x: number, y: number): void {
    const at = this.view.posAtCoords({ x, y }, false);
    this.view.dispatch({ selection: EditorSelection.cursor(at) });
  }

  goToUnit(unit: number): void {
    const at = Math.min(unit, this.view.state.doc.length);
    this.view.dispatch({ selection: EditorSelection.cursor(at), scrollIntoView: true });
  }

  /** Selects a line, from 1, so that it is seen. */
  goToLine(number: number): void {
    const { doc } = this.view.state;
    const line = doc.line(Math.min(Math.max(1, number), doc.lines));
    this.view.dispatch({
      selection: EditorSelection.range(line.from, line.to),
      scrollIntoView: true,
    });
  }

  showLook(look: EditorLook): void {
    showLook(this.view, look);
  }

  showKeys(bound: Extension): void {
    if (keys.get(this.view.state) !== bound) {
      this.view.dispatch({ effects: keys.reconfigure(bound) });
    }
  }

  /** Underlines what is wrong; nothing, where nothing is. */
  showMistakes(found: readonly Mistake[]): void {
    showMistakes(this.view, found);
  }

  showBreakpoints(shown: BreakpointsShown): void {
    showBreakpoints(this.view, this.actions, shown);
  }

  setLabel(words: string): void {
    this.view.dispatch({
      effects: label.reconfigure(EditorView.contentAttributes.of(attributesOf(words))),
    });
  }

  destroy(): void {
    selections.set(this.text, this.view.state.selection);
    this.view.destroy();
    letGoOfHistory(this.text);
  }
}

/** No stop for Tab, which would not lead out of it again: Enter on the cell leads into it. */
function attributesOf(label: string) {
  return { "aria-label": label, tabindex: "-1" };
}
