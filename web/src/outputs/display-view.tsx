/** One MIME bundle, in its best form. */

import { memo, useMemo } from "react";
import type { DisplayOutput } from "../protocol/generated";
import { sizeWords } from "../ui/words";
import { JsonTree } from "./data/json-tree";
import { readPlainTable } from "./data/plain-table";
import { TableView } from "./data/table-view";
import { FrameView } from "./frame/frame-view";
import { ImageView } from "./image/image-view";
import { asText, pickDrawer } from "./pick-renderer";
import { isBlob, useMimeValue } from "./place";
import { LatexView } from "./prose/latex-view";
import { MarkdownView } from "./prose/markdown-view";
import { PlainText } from "./stream/plain-text";

export const DisplayView = memo(function DisplayView({ output }: { output: DisplayOutput }) {
  const drawer = pickDrawer(output.data);
  if (!drawer) {
    const names = Object.keys(output.data).join(", ");
    return (
      <p className="output-note">{names ? `This output has no form shown here: ${names}` : ""}</p>
    );
  }
  const value = output.data[drawer.mime];
  if (drawer.kind === "image") {
    const words = output.data["text/plain"];
    const description = typeof words === "string" && !words.startsWith("<Figure") ? words : "";
    const metadata = output.metadata[drawer.mime];
    return (
      <ImageView mime={drawer.mime} value={value} metadata={metadata} description={description} />
    );
  }
  if (drawer.kind === "widget")
    return <WidgetPlace text={asText(output.data["text/plain"] ?? "")} />;
  return <Fetched kind={drawer.kind} mime={drawer.mime} value={value} />;
});

type Kind = Exclude<NonNullable<ReturnType<typeof pickDrawer>>["kind"], "image" | "widget">;

function Fetched({ kind, mime, value }: { kind: Kind; mime: string; value: unknown }) {
  const loaded = useMimeValue(value);
  if (loaded.phase === "loading") {
    return (
      <p className="output-note">Fetching {isBlob(value) ? sizeWords(value.size_bytes) : ""} …</p>
    );
  }
  if (loaded.phase === "failed") {
    return <p className="output-note">This output could not be fetched: {loaded.message}</p>;
  }
  return <Drawn kind={kind} mime={mime} value={loaded.value} />;
}

function Drawn({ kind, mime, value }: { kind: Kind; mime: string; value: unknown }) {
  switch (kind) {
    case "html":
      return <Html markup={asText(value)} />;
    case "svg":
    case "javascript":
      return <FrameView form={kind} mime={mime} value={asText(value)} />;
    case "plotly":
    case "vega":
      return <FrameView form={kind} mime={mime} value={value} />;
    case "markdown":
      return <MarkdownView source={asText(value)} />;
    case "latex":
      return <LatexView source={asText(value)} />;
    case "json":
      return (
        <div className="json">
          <JsonTree value={value} />
        </div>
      );
    case "text":
      return <PlainText text={asText(value)} />;
  }
}

function Html({ markup }: { markup: string }) {
  const table = useMemo(() => readPlainTable(markup), [markup]);
  return table ? (
    <TableView table={table} />
  ) : (
    <FrameView form="html" mime="text/html" value={markup} />
  );
}

function WidgetPlace({ text }: { text: string }) {
  return (
    <div className="widget-place">
      <p>Interactive widgets are not shown yet; this one is</p>
      <PlainText text={text} />
    </div>
  );
}
