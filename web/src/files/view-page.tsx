/**
 * A file that is no notebook: text to be edited; Markdown, tables, JSON, pictures and PDFs as
 * what they are; of everything else its first bytes. What is large or rare is loaded with the
 * first file that needs it.
 */

import { lazy, type ReactNode, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { messageOf } from "../core/message-of";
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
  const [failure, setFailure] = useState("");
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
            <Button
              look="quiet"
              aria-pressed={showsText}
              onClick={() => {
                setFailure(""); // what cannot be shown may be edited, and the other way round
                setShowsText(!showsText);
              }}
            >
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
        {failure !== "" ? (
          <section className="view-failed" role="alert">
            <h2>{name} cannot be shown</h2>
            <p>{failure}</p>
            <p className="view-failed-acts">
              <Button onClick={() => setFailure("")}>Try again</Button>
              <Place className="button" address={places.folder(folderOf(path))} places={places}>
                Show its folder
              </Place>
            </p>
          </section>
        ) : showsText && mayEdit ? (
          <TextView
            server={server}
            path={path}
            name={name}
            onNotText={kind === "text" ? () => setBytes(true) : null}
            onFailed={setFailure}
          />
        ) : (
          <Shown server={server} path={path} name={name} kind={kind} onFailed={setFailure} />
        )}
      </main>
    </>
  );
}

interface ShownProps {
  readonly server: Server;
  readonly path: string;
  readonly name: string;
  /** Called with why nothing of it can be shown. */
  readonly onFailed: (why: string) => void;
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

function Parquet({ server, path, onFailed }: ShownProps) {
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
  return <RowsView open={open} onFailed={onFailed} />;
}

function Separated({ server, path, name, onFailed }: ShownProps) {
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
  return <RowsView open={open} onFailed={onFailed} />;
}

async function sizeOf(server: Server, path: string, signal: AbortSignal): Promise<number> {
  const address = `api/v1/files/content?path=${encodeURIComponent(path)}`;
  return (await server.readRange(address, 0, 1, signal)).size;
}

interface WholeTextProps extends ShownProps {
  readonly kind: "markdown" | "json";
}

function WholeText({ server, path, name, kind, onFailed }: WholeTextProps) {
  const [content, setContent] = useState<ReactNode>(null);
  useEffect(() => {
    const controller = new AbortController();
    readText(server, path, controller.signal)
      .then(({ text }) => setContent(contentOf(kind, name, text)))
      .catch((reason: unknown) => {
        if (!controller.signal.aborted) onFailed(messageOf(reason));
      });
    return () => controller.abort();
  }, [server, path, name, kind, onFailed]);
  return content;
}

function contentOf(kind: WholeTextProps["kind"], name: string, text: string): ReactNode {
  if (kind === "markdown") return <MarkdownView source={text} />;
  return (
    <div className="view-json">
      <JsonTree value={parsed(text)} name={name} />
    </div>
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (reason) {
    throw new Error(`It is no JSON: ${messageOf(reason)}`);
  }
}
