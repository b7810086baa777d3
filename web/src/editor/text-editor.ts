/** An editor for a file that is text: its own undo, its own search, colours where we know them. */

import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import {
  bracketMatching,
  indentUnit,
  type LanguageSupport,
  syntaxHighlighting,
} from "@codemirror/language";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, keymap, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";

export interface TextEditorOptions {
  readonly text: string;
  readonly name: string;
  readonly label: string;
  readonly onChange: () => void;
  readonly onSave: () => void;
}

const language = new Compartment();

export class TextEditor {
  readonly view: EditorView;

  constructor(parent: HTMLElement, options: TextEditorOptions) {
    const save = () => {
      options.onSave();
      return true;
    };
    this.view = new EditorView({
      parent,
      state: EditorState.create({
        doc: options.text,
        extensions: [
          keymap.of([
            { key: "Mod-s", run: save, preventDefault: true },
            indentWithTab,
            ...searchKeymap,
            ...historyKeymap,
            ...defaultKeymap,
          ]),
          history(),
          search({ top: true }),
          highlightSelectionMatches(),
          lineNumbers(),
          bracketMatching(),
          indentUnit.of("    "),
          EditorView.lineWrapping,
          syntaxHighlighting(classHighlighter),
          language.of([]),
          EditorView.contentAttributes.of({ "aria-label": options.label }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) options.onChange();
          }),
        ],
      }),
    });
    void this.loadLanguage(options.name);
  }

  get text(): string {
    return this.view.state.doc.toString();
  }

  private async loadLanguage(name: string): Promise<void> {
    const support = await languageOf(name);
    // It may have been thrown away while the language was on its way.
    if (support && this.view.dom.isConnected) {
      this.view.dispatch({ effects: language.reconfigure(support) });
    }
  }

  destroy(): void {
    this.view.destroy();
  }
}

async function languageOf(name: string): Promise<LanguageSupport | null> {
  const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  switch (ending) {
    case "py":
    case "pyi":
      return (await import("@codemirror/lang-python")).python();
    case "md":
    case "markdown":
      return (await import("@codemirror/lang-markdown")).markdown();
    case "js":
    case "mjs":
    case "json":
      return (await import("@codemirror/lang-javascript")).javascript();
    case "ts":
    case "tsx":
      return (await import("@codemirror/lang-javascript")).javascript({ typescript: true });
    case "sql":
      return (await import("@codemirror/lang-sql")).sql();
    default:
      return null;
  }
}
