/**
 * Completion: live names from the kernel together with what the texts alone say, which works
 * while the kernel is busy or not there; names of this cell where neither answers. Asked for
 * by Tab or Ctrl+Space, by itself after a dot, and while typing where the settings say so.
 * Nothing waits for it: what comes late is not shown.
 */

import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  completeAnyWord,
  completionStatus,
  startCompletion,
} from "@codemirror/autocomplete";
import { globalCompletion, localCompletionSource } from "@codemirror/lang-python";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { TextWriter } from "../ui/text-writer";
import type { EditorActions } from "./editor-actions";

const PAUSE_MS = 180; // of typing, before names are offered unasked

const KINDS: ReadonlyMap<string, string> = new Map([
  ["function", "function"],
  ["method", "method"],
  ["class", "class"],
  ["instance", "variable"],
  ["statement", "variable"],
  ["module", "namespace"],
  ["keyword", "keyword"],
  ["property", "property"],
  ["param", "variable"],
  ["path", "text"],
  ["magic", "keyword"],
]);

/** The short word at the right of a name: what it is. */
const WORDS: ReadonlyMap<string, string> = new Map([
  ["function", "function"],
  ["class", "class"],
  ["instance", "variable"],
  ["module", "module"],
  ["keyword", "keyword"],
  ["property", "property"],
  ["param", "parameter"],
  ["path", "path"],
  ["magic", "magic"],
]);

function optionOf(
  match: { text: string; kind: string; signature: string },
  info: Completion["info"],
): Completion {
  const { text, kind, signature } = match;
  const detail = signature === "" ? (WORDS.get(kind) ?? "") : signature;
  return {
    label: text,
    type: KINDS.get(kind) ?? "variable",
    ...(detail === "" ? {} : { detail }),
    ...(info ? { info } : {}),
    ...(text.startsWith("_") ? { boost: -1 } : {}),
  };
}

async function asked(
  context: CompletionContext,
  actions: EditorActions,
): Promise<CompletionResult | null> {
  const stop = new AbortController();
  context.addEventListener("abort", () => stop.abort(), { onDocChange: true });
  const source = context.state.doc.toString();
  const found = await actions.complete(source, context.pos, stop.signal);
  if (context.aborted || !found || found.options.length === 0) return null;
  const { from, to } = found;
  const infoOf = ({ label }: Completion) => {
    const text = source.slice(0, from) + label + source.slice(to);
    return documentation(actions.inspect(text, from + label.length));
  };
  return {
    from,
    to,
    options: found.options.map((option) =>
      optionOf(option, option.kind === "keyword" ? undefined : infoOf),
    ),
    validFor: /^[\w.]*$/,
  };
}

const SHOWN_LINES = 24;

async function documentation(asking: Promise<string | null>): Promise<Node | null> {
  const text = await asking.catch(() => null);
  if (text === null) return null;
  const page = document.createElement("pre");
  const lines = text.split("\n");
  const isLong = lines.length > SHOWN_LINES;
  new TextWriter(page).show(isLong ? `${lines.slice(0, SHOWN_LINES).join("\n")}\n…` : text);
  return page;
}

async function fromText(context: CompletionContext): Promise<CompletionResult | null> {
  const results = [localCompletionSource(context), globalCompletion(context)];
  const [local, global] = await Promise.all(results);
  if (!local) return global ?? null;
  return { ...local, options: [...local.options, ...(global?.options ?? [])] };
}

function afterDot(context: CompletionContext): boolean {
  return context.matchBefore(/[\w)\]]\.\w*/) !== null;
}

/** Whether names are wanted unasked, now that this was typed. */
function isWanted(
  view: EditorView,
  actions: EditorActions,
  isPython: boolean,
): "now" | "soon" | null {
  const { head } = view.state.selection.main;
  const typed = view.state.sliceDoc(Math.max(0, head - 40), head);
  if (isPython && /(?:[A-Za-z_]\w*|[)\]"'])\.$/.test(typed)) return "now";
  return actions.completesWhileTyping() && /[A-Za-z_]\w$/.test(typed) ? "soon" : null;
}

/** For Python, or for a language of which only the kernel knows; then words of this cell. */
export function completion(actions: EditorActions, isPython: boolean): Extension {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return [
    autocompletion({
      activateOnTyping: false,
      defaultKeymap: false, // its keys are among ours
      icons: false,
      maxRenderedOptions: 60,
      override: [
        async (context) => {
          const found = await asked(context, actions);
          if (found || context.aborted) return found;
          if (!isPython) return completeAnyWord(context);
          return afterDot(context) ? null : fromText(context);
        },
      ],
    }),
    EditorView.updateListener.of(({ docChanged, transactions, view }) => {
      if (!docChanged) return;
      clearTimeout(timer);
      if (!transactions.some((each) => each.isUserEvent("input.type"))) return;
      if (completionStatus(view.state) !== null) return;
      const wanted = isWanted(view, actions, isPython);
      if (wanted === "now") startCompletion(view);
      else if (wanted === "soon") {
        timer = setTimeout(() => {
          const isHere = view.dom.isConnected && view.hasFocus;
          if (isHere && completionStatus(view.state) === null) startCompletion(view);
        }, PAUSE_MS);
      }
    }),
  ];
}
