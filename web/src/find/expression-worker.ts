/** Matches an expression away from the page, which ends this worker when it takes too long. */

import { matchesIn, type Pattern } from "./matcher";

interface Question {
  readonly texts: readonly string[];
  readonly pattern: Pattern;
}

addEventListener("message", ({ data }: MessageEvent<Question>) => {
  postMessage(matchesIn(data.texts, data.pattern));
});
