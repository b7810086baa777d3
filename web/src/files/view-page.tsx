/**
 * A file that is no notebook: text to be edited; Markdown, tables, JSON, pictures and PDFs as
 * what they are; of everything else its first bytes. What is large or rare is loaded with the
 * first file that needs it.
 */

import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { JsonTree } from "../outputs/data/json-tree";
import { MarkdownView } from "../outputs/prose/markdown-view";
import type { Server } from "../sync/server";
import { Button } from "../ui/button";
import { Mark } from "../ui/icon";
import type { PdfSource } from "../ui/pdf-pages";
import { ThemeMenu } from "../ui/theme-menu";
import { sizeWords } from "../ui/words";
import { BytesView } from "./bytes-view";
import { folderOf } from "./file-changes";
import { contentAddress } from "./listing";
import { PictureView } from "./picture-view";
import { Place, type Places } from "./place";
import { RowsView } from "./rows-view";
import { readSeparated } from "./separated-file";
import { readText } from "./text-file";
import { TextView } from "./text-view";
import { isText, kindOf, mayBeNotebook, type ViewKind } from "./view-kinds";
import "./view.css";

export { kindOf };

const PdfPages = lazy(async () => ({ default: (await import("../ui/pdf-pages")).PdfPages }));

interface ViewPageProps {
  readonly server: Server;
  readonly path: string;
  readonly places: Places;
}

const SEPARATED_BYTES = 512 << 20; // a browser holds no more in one piece

export function ViewPage({ server, path, places }: ViewPageProps) {
  const name = path.split("/").at(-1) ?? path;
  const [isBytes, setBytes] = useState(false);
  const kind = isBytes ? "bytes" : kindOf(name);
  const [showsText, setShowsText] = useState(kind === "text");
  const mayEdit = !isBytes && isText(kind, name);
  useEffect(() => {
    const before = document.title;
    document.title = name;
    return () => {
      document.title = before;
    };
  }, [name]);
  return (
    <>
      <header className="bar">
        <Place className="bar-home" address={places.folder(folderOf(path))} places={places}>
          <span className="visually-hidden">All files</span>
          <Mark />
        </Place>
        <h1 className="bar-name" title={path}>
          {path.includes("/") && (
            <span className="bar-folder">{folderOf(path).split("/").join(" / ")} / </span>
          )}
          <bdi className="bar-file">{name}</bdi>
        </h1>
        <div className="bar-acts">
          {mayEdit && kind !== "text" && (
            <Button look="quiet" aria-pressed={showsText} onClick={() => setShowsText(!showsText)}>
              {showsText ? (
                "Show"
              ) : (
                <>
                  Edit<span className="view-wide"> the text</span>
                </>
              )}
            </Button>
          )}
          {mayBeNotebook(name) && (
            <Place className="button view-notebook" address={places.notebook(path)} places={places}>
              Open as notebook
            </Place>
          )}
          <a
            className="button"
            data-look="quiet"
            href={contentAddress(server, path)}
            download={name}
          >
            Download
          </a>
          <ThemeMenu />
        </div>
      </header>
      <main id="content" className="view" data-view={showsText && mayEdit ? "text" : kind}>
        {showsText && mayEdit ? (
          <TextView
            server={server}
            path={path}
            name={name}
            onNotText={kind === "text" ? () => setBytes(true) : null}
          />
        ) : (
          <Shown server={server} path={path} name={name} kind={kind} />
        )}
      </main>
    </>
  );
}

interface ShownProps {
  readonly server: Server;
  readonly path: string;
  readonly name: string;
}

function Shown({ kind, ...file }: ShownProps & { readonly kind: ViewKind }) {
  switch (kind) {
    case "image":
      return <PictureView {...file} />;
    case "bytes":
    case "text":
      return <BytesView {...file} />;
    case "pdf":
      return <Pdf {...file} />;
    case "parquet":
      return <Parquet {...file} />;
    case "separated":
      return <Separated {...file} />;
    case "markdown":
    case "json":
      return <WholeText {...file} kind={kind} />;
  }
}

function Pdf({ server, path, name }: ShownProps) {
  const source = useMemo<PdfSource>(
    () => ({ address: contentAddress(server, path), headers: {} }),
    [server, path],
  );
  return (
    <Suspense>
      <PdfPages source={source} label={name} />
    </Suspense>
  );
}

function Parquet({ server, path }: ShownProps) {
  const open = useCallback(
    async (signal: AbortSignal) => {
      const [{ openParquet }, size] = await Promise.all([
        import("./parquet-file"),
        sizeOf(server, path, signal),
      ]);
      return openParquet(server, path, size, signal);
    },
    [server, path],
  );
  return <RowsView open={open} />;
}

function Separated({ server, path, name }: ShownProps) {
  const open = useCallback(
    async (signal: AbortSignal, onProgress: (share: number) => void) => {
      const address = `api/v1/files/content?path=${encodeURIComponent(path)}`;
      const answer = await server.request("GET", address, undefined, signal);
      const size = Number(answer.headers.get("content-length") ?? 0);
      if (size > SEPARATED_BYTES || !answer.body) {
        await answer.body?.cancel();
        throw new Error(`it has ${sizeWords(size)}; read it in a notebook`);
      }
      return readSeparated(answer.body, name, size, (got) => onProgress(size > 0 ? got / size : 1));
    },
    [server, path, name],
  );
  return <RowsView open={open} />;
}

async function sizeOf(server: Server, path: string, signal: AbortSignal): Promise<number> {
  const address = `api/v1/files/content?path=${encodeURIComponent(path)}`;
  return (await server.readRange(address, 0, 1, signal)).size;
}

function WholeText({ server, path, name, kind }: ShownProps & { kind: "markdown" | "json" }) {
  const [text, setText] = useState<string | null>(null);
  const [problem, setProblem] = useState("");
  useEffect(() => {
    const controller = new AbortController();
    readText(server, path, controller.signal).then(
      (read) => setText(read.text),
      (reason: unknown) => {
        if (!controller.signal.aborted) setProblem(said(reason));
      },
    );
    return () => controller.abort();
  }, [server, path]);
  if (problem !== "") return <Problem text={problem} />;
  if (text === null) return null;
  if (kind === "markdown") return <MarkdownView source={text} />;
  return <JsonShown name={name} text={text} />;
}

function JsonShown({ name, text }: { readonly name: string; readonly text: string }) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (reason) {
    return <Problem text={`This is no JSON: ${said(reason)}`} />;
  }
  return (
    <div className="view-json">
      <JsonTree value={value} name={name} />
    </div>
  );
}

function Problem({ text }: { readonly text: string }) {
  return (
    <p className="view-problem" role="alert">
      {text}
    </p>
  );
}

function said(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
