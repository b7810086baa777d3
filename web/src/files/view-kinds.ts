/** What a file is shown as, by its name. */

export type ViewKind =
  | "markdown"
  | "separated"
  | "parquet"
  | "json"
  | "image"
  | "pdf"
  | "bytes"
  | "text";

const KINDS: Readonly<Record<string, ViewKind>> = {
  md: "markdown",
  markdown: "markdown",
  csv: "separated",
  tsv: "separated",
  parquet: "parquet",
  pq: "parquet",
  json: "json",
  geojson: "json",
  png: "image",
  jpg: "image",
  jpeg: "image",
  gif: "image",
  webp: "image",
  avif: "image",
  bmp: "image",
  ico: "image",
  svg: "image",
  pdf: "pdf",
};

export function endingOf(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1).toLowerCase();
}

export function kindOf(name: string): ViewKind {
  return KINDS[endingOf(name)] ?? "text";
}

/** Whether a text of this name can be opened as a notebook (PAGE-58). */
export function mayBeNotebook(name: string): boolean {
  return /\.(?:py|md)$/i.test(name);
}

/** Whether the file is text that can be edited as such. */
export function isText(kind: ViewKind, name: string): boolean {
  return kind === "text" || kind === "markdown" || kind === "separated" || kind === "json"
    ? true
    : endingOf(name) === "svg";
}
