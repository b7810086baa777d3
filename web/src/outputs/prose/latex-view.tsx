import { useLayoutEffect, useRef } from "react";
import { formulaAt } from "./formula-rule";
import { drawFormula } from "./formulas";

/** A `text/latex` output: formulas drawn, the text between them as it is. */
export function LatexView({ source }: { readonly source: string }) {
  const place = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    element.replaceChildren();
    let text = "";
    const put = () => {
      if (text.trim() !== "") element.append(text);
      text = "";
    };
    for (let at = 0; at < source.length; ) {
      const found = formulaAt(source, at);
      if (!found) {
        text += source[at];
        at += 1;
        continue;
      }
      put();
      const formula = document.createElement(found.isDisplay ? "div" : "span");
      formula.className = "formula";
      formula.dataset.drawn = "";
      formula.textContent = found.tex;
      element.append(formula);
      void drawFormula(formula, found.tex, found.isDisplay);
      at = found.end;
    }
    put();
  }, [source]);
  return <div ref={place} className="prose" />;
}
