/** An Output widget's list after an `append-output` message (WID-11); as
 * `src/tailrace/core/comms.py` has it. Used by the fold and by the frame. */

type Fields = { readonly [key: string]: unknown };

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function withAppendedOutput(outputs: readonly unknown[], news: Fields): readonly unknown[] {
  const before = news.clear === true ? [] : outputs;
  const { output, name, text } = news;
  if (isObject(output)) return [...before, output];
  if (typeof name !== "string" || typeof text !== "string") return before;
  const last = before.at(-1);
  if (!isObject(last) || last.output_type !== "stream" || last.name !== name) {
    return [...before, { output_type: "stream", name, text }];
  }
  const old = typeof last.text === "string" ? last.text : "";
  const kept = news.replaces_line === true ? old.slice(0, old.lastIndexOf("\n") + 1) : old;
  return [...before.slice(0, -1), { ...last, text: kept + text }];
}
