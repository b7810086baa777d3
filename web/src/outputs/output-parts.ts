/**
 * What can be taken out of an output: its text, its picture, its file. The view that draws
 * an output says so; the tools beside it offer it.
 */

import { createContext, useContext, useLayoutEffect } from "react";
import type { Picture } from "./frame/messages";

export interface SavedFile {
  readonly name: string;
  /** Where it is, or what it holds. */
  readonly content: string | Blob;
}

export interface Parts {
  readonly text?: () => string | Promise<string>;
  /** Asked once somebody wants it; null when what is shown is no picture. */
  readonly picture?: () => Promise<Picture | Blob | null>;
  readonly file?: () => SavedFile | Promise<SavedFile>;
}

/** Holds the parts of one output; changed in place, since nothing is drawn from it. */
export interface PartsHolder {
  parts: Parts;
}

const PartsContext = createContext<PartsHolder | null>(null);

export const OutputPartsProvider = PartsContext.Provider;

/** Offers `parts` for the output that this view stands in, as long as it is there. */
export function useOutputParts(parts: Parts): void {
  const holder = useContext(PartsContext);
  useLayoutEffect(() => {
    if (!holder) return;
    const before = holder.parts;
    holder.parts = { ...before, ...parts };
    return () => {
      holder.parts = before;
    };
  });
}
