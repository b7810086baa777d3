declare module "markdown-it-footnote" {
  import type MarkdownIt from "markdown-it";

  /** `[^1]` and `^[said here]`. */
  // biome-ignore lint/style/noDefaultExport: it is what the package has
  export default function footnotes(markdown: InstanceType<typeof MarkdownIt>): void;
}
