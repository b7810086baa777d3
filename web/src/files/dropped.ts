/** What a folder, a row or a name above the list does with files dragged onto it. */

import { type DragEvent, useState } from "react";

export const DRAGGED = "application/x-tailrace-files";

/** The handlers of a place that files may be moved to, and whether they hang over it. */
export function useMoveTarget(onDropped: ((paths: readonly string[]) => void) | null) {
  const [isOver, setOver] = useState(false);
  if (!onDropped) return { isOver: false, target: {} };
  const holds = (event: DragEvent) => event.dataTransfer.types.includes(DRAGGED);
  return {
    isOver,
    target: {
      onDragOver: (event: DragEvent) => {
        if (!holds(event)) return;
        event.preventDefault();
        event.dataTransfer.dropEffect = "move";
        setOver(true);
      },
      onDragLeave: () => setOver(false),
      onDrop: (event: DragEvent) => {
        setOver(false);
        if (!holds(event)) return;
        event.preventDefault();
        const paths: unknown = JSON.parse(event.dataTransfer.getData(DRAGGED) || "[]");
        if (Array.isArray(paths)) onDropped(paths.filter((path) => typeof path === "string"));
      },
    },
  };
}
