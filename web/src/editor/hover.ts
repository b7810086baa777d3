/** Documentation of the name under the pointer, in a box by it. */

import { syntaxTree } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { hoverTooltip } from "@codemirror/view";
import { TextWriter } from "../ui/text-writer";
import type { EditorActions } from "./editor-actions";

const REST_MS = 500; // over a name, before it is asked about
const NAMED = new Set(["variablename", "propertyname"]);

export function hoverWords(actions: EditorActions): Extension {
  return hoverTooltip(
    async (view, pos, side) => {
      const node = syntaxTree(view.state).resolveInner(pos, side);
      if (!NAMED.has(node.name.toLowerCase())) return null;
      const { doc } = view.state;
      const text = await actions.inspect(doc.toString(), node.to).catch(() => null);
      if (text === null || view.state.doc !== doc) return null;
      return {
        pos: node.from,
        end: node.to,
        above: true,
        create() {
          const dom = document.createElement("div");
          dom.className = "inspection";
          const page = document.createElement("pre");
          new TextWriter(page).show(text);
          dom.append(page);
          return { dom };
        },
      };
    },
    { hoverTime: REST_MS, hideOnChange: true },
  );
}
