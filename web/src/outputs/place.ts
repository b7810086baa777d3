/** Where outputs come from: the server and the notebook they belong to. */

import { createContext, useContext, useEffect, useState } from "react";
import { messageOf } from "../core/message-of";
import type { BlobReference } from "../protocol/generated";
import type { Server } from "../sync/server";
import type { Surroundings } from "./prose/markdown";
import type { AskTable } from "./table/table-source";

export interface OutputPlace {
  readonly server: Server;
  readonly notebookId: string;
  /** Asks the kernel about a table that it showed. */
  readonly ask: AskTable;
  readonly network: NetworkChoice;
  /** What Markdown finds among the files beside the notebook. */
  readonly beside: Pick<Surroundings, "picture" | "link">;
}

/** Whether outputs may load from other sites, and how a person says that they may (SEC-24). */
export interface NetworkChoice {
  readonly isOpened: boolean;
  readonly openHere: () => void;
  readonly openEverywhere: () => void;
}

const PlaceContext = createContext<OutputPlace | null>(null);

export const OutputPlaceProvider = PlaceContext.Provider;

export function useOutputPlace(): OutputPlace {
  const place = useContext(PlaceContext);
  if (!place) throw new Error("an output stands outside of <OutputPlaceProvider>");
  return place;
}

export function isBlob(value: unknown): value is BlobReference {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "blob";
}

/** Where a blob's bytes are; raster images are served as what they are. */
export function blobAddress(place: OutputPlace, blob: BlobReference, mime = ""): string {
  const type = mime === "" ? "" : `?type=${encodeURIComponent(mime)}`;
  return place.server.url(`api/v1/notebooks/${place.notebookId}/blobs/${blob.hash}${type}`);
}

export type Loaded =
  | { readonly phase: "loading" }
  | { readonly phase: "failed"; readonly message: string }
  | { readonly phase: "here"; readonly value: unknown };

const LOADING: Loaded = { phase: "loading" };

function contentOf(response: Response, encoding: BlobReference["encoding"]): Promise<unknown> {
  switch (encoding) {
    case "json":
      return response.json();
    case "text":
      return response.text();
    case "base64":
      return response.blob();
  }
}

/** A MIME value as text, JSON or a `Blob`, fetched when the state holds only a reference. */
export function useMimeValue(value: unknown): Loaded {
  const place = useOutputPlace();
  const blob = isBlob(value) ? value : null;
  const hash = blob?.hash;
  const [fetched, setFetched] = useState<{ hash: string; loaded: Loaded } | null>(null);

  useEffect(() => {
    if (!blob) return;
    const stop = new AbortController();
    const path = `api/v1/notebooks/${place.notebookId}/blobs/${blob.hash}`;
    place.server.request("GET", path, undefined, stop.signal).then(
      async (response) => {
        const content = await contentOf(response, blob.encoding);
        setFetched({ hash: blob.hash, loaded: { phase: "here", value: content } });
      },
      (problem: unknown) => {
        if (stop.signal.aborted) return;
        const message = messageOf(problem);
        setFetched({ hash: blob.hash, loaded: { phase: "failed", message } });
      },
    );
    return () => stop.abort();
  }, [blob, place]);

  if (!blob) return { phase: "here", value };
  return fetched?.hash === hash ? (fetched?.loaded ?? LOADING) : LOADING;
}
