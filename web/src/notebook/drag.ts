/**
 * Cells moved by pointer: a grip is pulled, a line shows where they would go, Escape leaves
 * them where they are. The page scrolls at its edges. By keys: `Ctrl+Shift+Up` and `Down`.
 */

import type { Commander } from "./commander";

const BEGIN_PX = 4; // less is a press
const EDGE_PX = 70;
const SCROLL_PX = 14; // a frame, at the very edge

export function beginDrag(
  down: { readonly pointerId: number; readonly clientY: number },
  grip: HTMLElement,
  cellId: string,
  commander: Commander,
): void {
  const list = grip.closest(".cells");
  if (!(list instanceof HTMLElement)) return;
  let line: HTMLElement | null = null;
  let moved: readonly string[] = [];
  let target: number | null = null;
  let y = down.clientY;
  let frame = 0;

  const begin = () => {
    const { view } = commander;
    if (!commander.selected.includes(cellId)) view.select(cellId);
    moved = commander.selected;
    line = document.createElement("div");
    line.className = "drop-line";
    line.dataset.count = moved.length > 1 ? `${moved.length} cells` : "";
    list.append(line);
    list.dataset.dragging = "";
    for (const id of moved) cellOf(list, id)?.setAttribute("data-dragged", "");
    frame = requestAnimationFrame(scroll);
  };

  const scroll = () => {
    const above = EDGE_PX - (y - topOf());
    const below = EDGE_PX - (window.innerHeight - y);
    const most = Math.max(above, below);
    if (most > 0) {
      const by = Math.min(1, most / EDGE_PX) * SCROLL_PX;
      window.scrollBy(0, above > below ? -by : by);
      show();
    }
    frame = requestAnimationFrame(scroll);
  };

  const show = () => {
    const cells = cellsOf(list);
    target = placeAt(cells, y);
    const next = cells[target];
    const edge = next
      ? next.getBoundingClientRect().top
      : (cells.at(-1)?.getBoundingClientRect().bottom ?? 0);
    if (line) line.style.top = `${edge - list.getBoundingClientRect().top - 5}px`;
  };

  const onMove = (event: PointerEvent) => {
    if (event.pointerId !== down.pointerId) return;
    y = event.clientY;
    if (!line && Math.abs(y - down.clientY) > BEGIN_PX) begin();
    if (!line) return;
    event.preventDefault();
    show();
  };

  const end = (takes: boolean) => {
    cancelAnimationFrame(frame);
    grip.removeEventListener("pointermove", onMove);
    grip.removeEventListener("pointerup", onUp);
    grip.removeEventListener("pointercancel", onCancel);
    document.removeEventListener("keydown", onKeyDown, true);
    if (!line) return;
    line.remove();
    delete list.dataset.dragging;
    for (const cell of cellsOf(list)) cell.removeAttribute("data-dragged");
    if (takes && target !== null) commander.moveTo(moved, target);
  };
  const onUp = () => end(true);
  const onCancel = () => end(false);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    end(false);
  };

  grip.setPointerCapture(down.pointerId);
  grip.addEventListener("pointermove", onMove);
  grip.addEventListener("pointerup", onUp);
  grip.addEventListener("pointercancel", onCancel);
  document.addEventListener("keydown", onKeyDown, true);
}

function cellsOf(list: HTMLElement): HTMLElement[] {
  return [...list.querySelectorAll<HTMLElement>("[data-cell-id]")];
}

function cellOf(list: HTMLElement, cellId: string): Element | null {
  return list.querySelector(`[data-cell-id="${CSS.escape(cellId)}"]`);
}

/** The number of the cell that what is dropped would stand before. */
function placeAt(cells: readonly HTMLElement[], y: number): number {
  let [low, high] = [0, cells.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const place = cells[middle]?.getBoundingClientRect();
    if (place && place.top + place.height / 2 < y) low = middle + 1;
    else high = middle;
  }
  return low;
}

function topOf(): number {
  return document.querySelector(".notebook-top")?.getBoundingClientRect().bottom ?? 0;
}
