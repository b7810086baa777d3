/** Finds a pattern in many texts: plain text at once, an expression within a time. */

import { expressionOf, type Match, matchesIn, type Pattern } from "./matcher";

const WITHIN_MS = 1_500;

export type SearchResult =
  | { readonly kind: "found"; readonly matches: readonly (readonly Match[])[] }
  | { readonly kind: "problem"; readonly message: string };

export async function search(
  texts: readonly string[],
  pattern: Pattern,
  signal: AbortSignal,
): Promise<SearchResult> {
  if (pattern.query === "") return { kind: "found", matches: texts.map(() => []) };
  try {
    expressionOf(pattern);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { kind: "problem", message: "This is no expression yet" };
  }
  if (!pattern.isExpression) return { kind: "found", matches: matchesIn(texts, pattern) };
  return inWorker(texts, pattern, signal);
}

function inWorker(
  texts: readonly string[],
  pattern: Pattern,
  signal: AbortSignal,
): Promise<SearchResult> {
  const worker = new Worker(new URL("./expression-worker.ts", import.meta.url), { type: "module" });
  return new Promise<SearchResult>((resolve) => {
    const end = (result: SearchResult) => {
      clearTimeout(timer);
      worker.terminate();
      resolve(result);
    };
    const timer = setTimeout(
      () => end({ kind: "problem", message: "This expression takes too long here" }),
      WITHIN_MS,
    );
    signal.addEventListener("abort", () => end({ kind: "problem", message: "" }));
    worker.addEventListener("message", ({ data }: MessageEvent<readonly Match[][]>) =>
      end({ kind: "found", matches: data }),
    );
    worker.addEventListener("error", () =>
      end({ kind: "problem", message: "The search could not be run in this browser" }),
    );
    worker.postMessage({ texts, pattern });
  });
}
