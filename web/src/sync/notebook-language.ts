/** Which language a notebook's code cells are in, as its metadata says (KER-42, KER-50). */

import { useCallback, useSyncExternalStore } from "react";
import * as Y from "yjs";
import { metadataIn } from "./cells";
import { useDoc } from "./use-notebook";

export interface NotebookLanguage {
  /** In small letters: `python`, `bash`, `r`. */
  readonly name: string;
  /** As it is written. */
  readonly title: string;
  /** What CodeMirror calls it, and how its files end, where the kernel has told. */
  readonly mode: string;
  readonly ending: string;
  readonly isPython: boolean;
}

type Json = { readonly [key: string]: unknown };

/** A value of the metadata as plain JSON; empty where it is no object. */
export function partOf(metadata: Y.Map<unknown>, key: string): Json {
  const value = metadata.get(key);
  const plain: unknown = value instanceof Y.Map ? value.toJSON() : value;
  return typeof plain === "object" && plain !== null ? { ...plain } : {};
}

const text = (value: unknown) => (typeof value === "string" ? value : "");

const known = new Map<string, NotebookLanguage>();

/** The same object for the same words, so that views can compare. */
export function languageIn(doc: Y.Doc): NotebookLanguage {
  const metadata = metadataIn(doc);
  const about = partOf(metadata, "language_info");
  const told = text(partOf(metadata, "kernelspec").language) || text(about.name) || "python";
  const name = told.toLowerCase();
  const isAbout = text(about.name).toLowerCase() === name;
  const mode = about.codemirror_mode;
  const modeName = typeof mode === "object" && mode !== null ? text((mode as Json).name) : mode;
  const language = {
    name,
    title: told === name ? told.charAt(0).toUpperCase() + told.slice(1) : told,
    mode: isAbout ? text(modeName).toLowerCase() : "",
    ending: isAbout ? text(about.file_extension).replace(/^\./, "").toLowerCase() : "",
    isPython: name === "python" || name === "ipython",
  };
  const key = JSON.stringify(language);
  const found = known.get(key) ?? language;
  known.set(key, found);
  return found;
}

export function useLanguage(): NotebookLanguage {
  const doc = useDoc();
  const subscribe = useCallback(
    (wake: () => void) => {
      const metadata = metadataIn(doc);
      metadata.observeDeep(wake);
      return () => metadata.unobserveDeep(wake);
    },
    [doc],
  );
  return useSyncExternalStore(subscribe, () => languageIn(doc));
}
