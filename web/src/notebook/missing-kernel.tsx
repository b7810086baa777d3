/** Whether the kernel that a notebook names can be had here; said as soon as it is opened. */

import { useEffect, useReducer, useState } from "react";
import { kernelsNear, namedIn } from "../panels/interpreters";
import { metadataIn } from "../sync/cells";
import { partOf } from "../sync/notebook-language";
import { useDoc, useNotebook } from "../sync/use-notebook";

export interface MissingKernel {
  readonly title: string;
  /** What is wrong with it, and what to do. */
  readonly problem: string;
}

export function useMissingKernel(): MissingKernel | null {
  const { server, path } = useNotebook();
  const doc = useDoc();
  const metadata = metadataIn(doc);
  const [, redraw] = useReducer((times: number) => times + 1, 0);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    metadata.observeDeep(redraw);
    return () => metadata.unobserveDeep(redraw);
  }, [metadata]);
  const name = namedIn(doc, metadata);
  useEffect(() => {
    setProblem(null);
    if (name === null) return;
    const asking = new AbortController();
    kernelsNear(server, path, asking.signal, name).then(
      (kernels) => setProblem(kernels.missing),
      () => {}, // the server is away, which is said elsewhere; a run will tell
    );
    return () => asking.abort();
  }, [server, path, name]);
  if (name === null || problem === null) return null;
  const { display_name } = partOf(metadata, "kernelspec");
  return { title: typeof display_name === "string" ? display_name : name, problem };
}
