/** What of an execution's outputs can be searched in the page: their text as it is kept here. */

import type { Execution, Output } from "../protocol/generated";

export function outputText(execution: Execution | null): string {
  return execution?.outputs.items.map(textOf).join("\n") ?? "";
}

function textOf(output: Output): string {
  switch (output.kind) {
    case "stream":
      return output.head + output.tail;
    case "error":
      return `${output.name}: ${output.message}`;
    case "display": {
      const text = output.data["text/plain"];
      return typeof text === "string" ? text : "";
    }
  }
}
