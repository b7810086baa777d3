/** Prints what the notebook is, not what of it happened to be near the screen (PAGE-55). */

const PATIENCE_MS = 4_000; // a drawing that is not there by then is left out
const LOOK_MS = 50;

/** What is not drawn yet: frames that said nothing of their size, pictures that load. */
function isDrawn(): boolean {
  const waits = document.querySelector(".cells .output-frame:not([data-drawn])") !== null;
  const pictures = [...document.querySelectorAll<HTMLImageElement>(".cells img")];
  return !waits && pictures.every((picture) => picture.complete);
}

/** Makes all cells and their drawings, then opens the browser's own dialog. */
export async function printNotebook(): Promise<void> {
  window.dispatchEvent(new Event("beforeprint"));
  const until = performance.now() + PATIENCE_MS;
  do await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  while (!isDrawn() && performance.now() < until);
  window.print();
}
