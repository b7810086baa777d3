/**
 * Completion: live names from the kernel, and names from the text itself while the kernel is
 * busy or not there. Asked for by Tab or Ctrl+Space, and by itself after a dot when the
 * kernel is idle.
 */

import {
  autocompletion,
  type Completion,
  type CompletionContext,
  type CompletionResult,
  completionStatus,
  startCompletion,
} from "@codemirror/autocomplete";
import { globalCompletion, localCompletionSource } from "@codemirror/lang-python";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import type { EditorActions } from "./editor-actions";

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

function optionOf(match: { text: string; kind: string; signature: string }): Completion {
  const { text, kind, signature } = match;
  return {
    label: text,
    type: KINDS.get(kind) ?? "variable",
    ...(signature === "" ? {} : { detail: signature }),
    ...(text.startsWith("_") ? { boost: -1 } : {}),
  };
}

async function fromKernel(
  context: CompletionContext,
  actions: EditorActions,
): Promise<CompletionResult | null> {
  const stop = new AbortController();
  context.addEventListener("abort", () => stop.abort(), { onDocChange: true });
  const source = context.state.doc.toString();
  const found = await actions.complete(source, context.pos, stop.signal);
  if (context.aborted || !found || found.options.length === 0) return null;
  return {
    from: found.from,
    to: found.to,
    options: found.options.map(optionOf),
    validFor: /^[\w.]*$/,
  };
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

export function pythonCompletion(actions: EditorActions): Extension {
  return [
    autocompletion({
      activateOnTyping: false,
      icons: false,
      maxRenderedOptions: 60,
      override: [
        async (context) => {
          const live = await fromKernel(context, actions);
          return live ?? (afterDot(context) ? null : fromText(context));
        },
      ],
    }),
    EditorView.updateListener.of((update) => {
      if (
        !update.docChanged ||
        !update.transactions.some((each) => each.isUserEvent("input.type"))
      ) {
        return;
      }
      const { head } = update.state.selection.main;
      const typed = update.state.sliceDoc(head - 2, head);
      if (/[\w)\]]\.$/.test(typed) && completionStatus(update.state) === null && actions.isIdle()) {
        startCompletion(update.view);
      }
    }),
  ];
}
