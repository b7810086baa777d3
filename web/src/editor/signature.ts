/**
 * How the function is called whose arguments one types: a line over the cursor, with the
 * parameter one is at in bold. Opened by `(` and `,` and by a command; Escape, the end
 * of the call or of typing there closes it.
 */

import { syntaxTree } from "@codemirror/language";
import { type EditorState, type Extension, StateEffect, StateField } from "@codemirror/state";
import { EditorView, showTooltip, type Tooltip } from "@codemirror/view";
import type { Call, EditorActions, Signature } from "./editor-actions";

const PAUSE_MS = 60; // of moving about in a call, before it is asked for again

interface Shown {
  readonly signature: Signature;
  readonly tooltip: Tooltip;
}

const show = StateEffect.define<Shown | null>();

const shown = StateField.define<Shown | null>({
  create: () => null,
  update(value, transaction) {
    for (const effect of transaction.effects) if (effect.is(show)) return effect.value;
    if (!value || !transaction.docChanged) return value;
    const pos = transaction.changes.mapPos(value.tooltip.pos);
    return { ...value, tooltip: { ...value.tooltip, pos } };
  },
  provide: (field) => showTooltip.from(field, (value) => value?.tooltip ?? null),
});

/** The innermost call whose brackets are around the cursor. */
export function callAt(state: EditorState, pos: number): (Call & { at: number }) | null {
  const tree = syntaxTree(state);
  for (
    let node: ReturnType<typeof tree.resolveInner> | null = tree.resolveInner(pos, -1);
    node;
    node = node.parent
  ) {
    if (node.name !== "ArgList") continue;
    if (pos <= node.from) continue;
    const isClosed = state.sliceDoc(node.to - 1, node.to) === ")";
    if (isClosed && pos >= node.to) continue;
    const callee = node.prevSibling;
    if (!callee || node.parent?.name !== "CallExpression") return null;
    let given = 0;
    for (let child = node.firstChild; child && child.from < pos; child = child.nextSibling) {
      if (child.name === ",") given += 1;
    }
    const name = state.sliceDoc(callee.from, callee.to);
    return { name, nameEnd: callee.to, given, at: node.from };
  }
  return null;
}

function tooltipOf(pos: number, signature: Signature): Tooltip {
  return {
    pos,
    above: true,
    create() {
      const dom = document.createElement("div");
      dom.className = "signature";
      dom.setAttribute("role", "status");
      const line = document.createElement("code");
      const { label, parameters, active } = signature;
      const [from, to] = (active === null ? undefined : parameters[active]) ?? [0, 0];
      const current = document.createElement("b");
      current.textContent = label.slice(from, to);
      line.append(label.slice(0, from), current, label.slice(to));
      dom.append(line);
      if (signature.text !== "") {
        const words = document.createElement("p");
        words.textContent = signature.text;
        dom.append(words);
      }
      return { dom };
    },
  };
}

function isSame(a: Signature, b: Signature): boolean {
  return a.label === b.label && a.active === b.active && a.text === b.text;
}

export function closeSignature(view: EditorView): boolean {
  if (!view.state.field(shown, false)) return false;
  view.dispatch({ effects: show.of(null) });
  return true;
}

/** Asks for the call around the cursor; true, since the key is used up either way. */
export function openSignature(view: EditorView, actions: EditorActions): boolean {
  void ask(view, actions);
  return true;
}

async function ask(view: EditorView, actions: EditorActions): Promise<void> {
  const { state } = view;
  const pos = state.selection.main.head;
  const call = callAt(state, pos);
  const signature = call ? await actions.signature(state.doc.toString(), pos, call) : null;
  // It may have been typed on, or thrown away, while the answer was on its way.
  if (!view.dom.isConnected || view.state.selection.main.head !== pos) return;
  if (view.state.doc !== state.doc) return;
  const before = view.state.field(shown, false) ?? null;
  if (!signature && !before) return;
  if (signature && before && call?.at === before.tooltip.pos && isSame(signature, before.signature))
    return;
  const value = signature && call ? { signature, tooltip: tooltipOf(call.at, signature) } : null;
  view.dispatch({ effects: show.of(value) });
}

export function signatureHelp(actions: EditorActions): Extension {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking = 0; // one who types on meanwhile is answered for where the cursor is then
  const askNow = (view: EditorView) => {
    asking += 1;
    void ask(view, actions).finally(() => {
      asking -= 1;
    });
  };
  return [
    shown,
    EditorView.updateListener.of(({ docChanged, selectionSet, transactions, view, state }) => {
      if (!docChanged && !selectionSet) return;
      clearTimeout(timer);
      const isOpen = state.field(shown) !== null || asking > 0;
      const { head } = state.selection.main;
      const isTyped = docChanged && transactions.some((each) => each.isUserEvent("input.type"));
      const opens = isTyped && /[(,]$/.test(state.sliceDoc(Math.max(0, head - 1), head));
      if (opens) askNow(view);
      else if (isOpen) timer = setTimeout(() => askNow(view), PAUSE_MS);
    }),
    EditorView.domEventHandlers({
      blur: (_, view) => {
        clearTimeout(timer);
        // An editor may lose the focus while it is being changed.
        setTimeout(() => view.dom.isConnected && closeSignature(view));
        return false;
      },
    }),
  ];
}
