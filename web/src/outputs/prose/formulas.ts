/** Draws the formulas marked in an element. KaTeX and its fonts come with the first one. */

let katex: Promise<typeof import("katex")> | null = null;

function loaded(): Promise<typeof import("katex")> {
  katex ??= Promise.all([import("katex"), import("katex/dist/katex.min.css")]).then(
    ([library]) => library,
    (problem: unknown) => {
      katex = null; // a later formula tries again
      throw problem;
    },
  );
  return katex;
}

/** Draws `tex` into `element`; what cannot be drawn stays readable as it was written. */
export async function drawFormula(element: HTMLElement, tex: string, isDisplay: boolean) {
  const { default: library } = await loaded();
  library.render(tex, element, {
    displayMode: isDisplay,
    throwOnError: false,
    errorColor: "var(--brick)",
    trust: false,
    strict: "ignore",
    maxSize: 40,
    maxExpand: 1_000,
  });
}

export async function drawFormulas(root: HTMLElement): Promise<void> {
  for (const element of root.querySelectorAll<HTMLElement>(".formula:not([data-drawn])")) {
    element.dataset.drawn = "";
    await drawFormula(element, element.textContent ?? "", "display" in element.dataset);
  }
}
