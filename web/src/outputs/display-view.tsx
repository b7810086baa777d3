/** One MIME bundle, in its best form. */

import { lazy, memo, type ReactNode, Suspense, useMemo, useState } from "react";
import type { DisplayOutput } from "../protocol/generated";
import { Button } from "../ui/button";
import { sizeWords } from "../ui/words";
import { JsonTree } from "./data/json-tree";
import { readPlainTable } from "./data/plain-table";
import { TableView } from "./data/table-view";
import { FrameView } from "./frame/frame-view";
import { ImageView } from "./image/image-view";
import { type Parts, useOutputParts } from "./output-parts";
import { PdfView } from "./pdf/pdf-view";
import { asText, pickDrawer } from "./pick-renderer";
import { asBlob, fileName } from "./picture-file";
import { isBlob, useMimeValue, useOutputPlace } from "./place";
import { LatexView } from "./prose/latex-view";
import { MarkdownView } from "./prose/markdown-view";
import { PlainText } from "./stream/plain-text";
import { TableGrid } from "./table/table-grid";
import { readTable, TABLE_MIME } from "./table/table-value";

const WidgetView = lazy(async () => ({
  default: (await import("./widget/widget-view")).WidgetView,
}));

export const DisplayView = memo(function DisplayView({ output }: { output: DisplayOutput }) {
  const [isPrinted, setPrinted] = useState(false);
  const drawer = pickDrawer(isPrinted ? withoutTable(output.data) : output.data);
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
  if (drawer.kind === "widget") {
    return <Widget value={value} text={asText(output.data["text/plain"] ?? "")} />;
  }
  const fetched = (
    <Fetched
      kind={drawer.kind}
      mime={drawer.mime}
      value={value}
      onPrinted={() => setPrinted(true)}
    />
  );
  if (!isPrinted) return fetched;
  return (
    <>
      {fetched}
      <Button look="quiet" onClick={() => setPrinted(false)}>
        Show as a table
      </Button>
    </>
  );
});

function withoutTable(data: DisplayOutput["data"]): DisplayOutput["data"] {
  return Object.fromEntries(Object.entries(data).filter(([mime]) => mime !== TABLE_MIME));
}

type Kind = Exclude<NonNullable<ReturnType<typeof pickDrawer>>["kind"], "image" | "widget">;

interface FetchedProps {
  readonly kind: Kind;
  readonly mime: string;
  readonly value: unknown;
  readonly onPrinted: () => void;
}

function Fetched({ kind, mime, value, onPrinted }: FetchedProps) {
  const loaded = useMimeValue(value);
  if (loaded.phase === "loading") {
    return (
      <p className="output-note">Fetching {isBlob(value) ? sizeWords(value.size_bytes) : ""} …</p>
    );
  }
  if (loaded.phase === "failed") {
    return <p className="output-note">This output could not be fetched: {loaded.message}</p>;
  }
  return (
    <Taken mime={mime} value={loaded.value}>
      <Drawn kind={kind} mime={mime} value={loaded.value} onPrinted={onPrinted} />
    </Taken>
  );
}

const BINARY = /^(audio|video)\/|^application\/pdf$/;
const DRAWN_ELSEWHERE = [TABLE_MIME]; // a table has its own ways to copy and save

interface TakenProps {
  readonly mime: string;
  readonly value: unknown;
  readonly children: ReactNode;
}

/** Offers the value itself: as text on the clipboard, as a file. */
function Taken({ mime, value, children }: TakenProps) {
  const text = () => (mime.endsWith("json") ? JSON.stringify(value, null, 2) : asText(value));
  const file = () => ({
    name: fileName(mime),
    content: BINARY.test(mime) ? asBlob(value, mime) : new Blob([text()], { type: mime }),
  });
  if (DRAWN_ELSEWHERE.includes(mime)) return children;
  return <Offered parts={BINARY.test(mime) ? { file } : { text, file }}>{children}</Offered>;
}

function Offered({ parts, children }: { parts: Parts; children: ReactNode }) {
  useOutputParts(parts);
  return children;
}

function Drawn({ kind, mime, value, onPrinted }: FetchedProps) {
  switch (kind) {
    case "table":
      return <Table value={value} onPrinted={onPrinted} />;
    case "html":
      return <Html markup={asText(value)} />;
    case "svg":
    case "javascript":
      return <FrameView form={kind} mime={mime} value={asText(value)} />;
    case "plotly":
    case "vega":
      return <FrameView form={kind} mime={mime} value={value} />;
    case "audio":
    case "video":
      return <Played form={kind} mime={mime} value={value} />;
    case "pdf":
      return <PdfView value={value} />;
    case "markdown":
      return <Markdown source={asText(value)} />;
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

function Table({ value, onPrinted }: { value: unknown; onPrinted: () => void }) {
  const table = useMemo(() => readTable(value), [value]);
  if (!table) return <p className="output-note">This table cannot be read.</p>;
  return <TableGrid table={table} onPrinted={onPrinted} />;
}

function Played({ form, mime, value }: { form: "audio" | "video"; mime: string; value: unknown }) {
  const content = useMemo(() => asBlob(value, mime), [value, mime]);
  return <FrameView form={form} mime={mime} value={content} />;
}

function Markdown({ source }: { source: string }) {
  const { beside } = useOutputPlace();
  const surroundings = useMemo(() => ({ ...beside, attachment: () => null }), [beside]);
  return <MarkdownView source={source} surroundings={surroundings} />;
}

function Html({ markup }: { markup: string }) {
  const table = useMemo(() => readPlainTable(markup), [markup]);
  return table ? (
    <TableView table={table} />
  ) : (
    <FrameView form="html" mime="text/html" value={markup} />
  );
}

function Widget({ value, text }: { readonly value: unknown; readonly text: string }) {
  const id =
    typeof value === "object" && value !== null && "model_id" in value ? value.model_id : "";
  return (
    <Suspense fallback={<PlainText text={text} />}>
      <WidgetView key={String(id)} modelId={String(id)} text={text} />
    </Suspense>
  );
}
