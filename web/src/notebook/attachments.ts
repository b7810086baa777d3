/** Pictures inside a Markdown cell (`attachment:name`), as addresses. */

import type { Surroundings } from "../outputs/prose/markdown";

const RASTER = ["image/png", "image/jpeg", "image/gif", "image/webp"];

/** `attachments` is the notebook format's: name to MIME bundle. */
export function attachmentsOf(attachments: unknown): Surroundings {
  return {
    attachment(name) {
      if (typeof attachments !== "object" || attachments === null) return null;
      if (!Object.hasOwn(attachments, name)) return null;
      const bundle = (attachments as { readonly [name: string]: unknown })[name];
      if (typeof bundle !== "object" || bundle === null) return null;
      for (const [mime, value] of Object.entries(bundle)) {
        const data = Array.isArray(value) ? value.join("") : value;
        if (RASTER.includes(mime) && typeof data === "string") {
          return `data:${mime};base64,${data.replaceAll("\n", "")}`;
        }
      }
      return null;
    },
  };
}
