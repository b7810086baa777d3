/**
 * A file that is no notebook: text to be edited, Markdown, tables, JSON and pictures as what
 * they are, everything else to be downloaded.
 */

import { useEffect, useRef, useState } from "react";
import { JsonTree } from "../outputs/data/json-tree";
import { MarkdownView } from "../outputs/prose/markdown-view";
import type { Server } from "../sync/server";
import { Button } from "../ui/button";
import { Mark } from "../ui/icon";
import { ThemeMenu } from "../ui/theme-menu";
import { folderOf } from "./file-changes";
import { contentAddress } from "./listing";
import { Place, type Places } from "./place";
import { SeparatedView } from "./separated-view";
import { readText } from "./text-file";
import { TextView } from "./text-view";
import "./view.css";

interface ViewPageProps {
  readonly server: Server;
  readonly path: string;
  readonly places: Places;
}

type Kind = "markdown" | "separated" | "json" | "image" | "text";

const KINDS: Readonly<Record<string, Kind>> = {
  md: "markdown",
  markdown: "markdown",
  csv: "separated",
  tsv: "separated",
  json: "json",
  png: "image",
  jpg: "image",
  jpeg: "image",
  gif: "image",
  webp: "image",
  svg: "image",
};

export function kindOf(name: string): Kind {
  return KINDS[name.slice(name.lastIndexOf(".") + 1).toLowerCase()] ?? "text";
}

export function ViewPage({ server, path, places }: ViewPageProps) {
  const name = path.split("/").at(-1) ?? path;
  const kind = kindOf(name);
  const [showsText, setShowsText] = useState(kind === "text");
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
          {name}
        </h1>
        <div className="bar-acts">
          {kind !== "text" && kind !== "image" && (
            <Button look="quiet" aria-pressed={showsText} onClick={() => setShowsText(!showsText)}>
              {showsText ? "Show" : "Edit the text"}
            </Button>
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
      <main className="view" data-view={showsText ? "text" : kind}>
        {kind === "image" ? (
          <Picture server={server} path={path} name={name} />
        ) : showsText ? (
          <TextView server={server} path={path} name={name} />
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

function Shown({ server, path, name, kind }: ShownProps & { readonly kind: Kind }) {
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
  if (kind === "separated") return <SeparatedView name={name} text={text} />;
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

const IMAGE_TYPES: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  svg: "image/svg+xml",
};

/** As an image element shows it, a drawing's scripts do not run. */
function Picture({ server, path, name }: ShownProps) {
  const image = useRef<HTMLImageElement>(null);
  const [problem, setProblem] = useState("");
  const [size, setSize] = useState("");
  useEffect(() => {
    const controller = new AbortController();
    let address = "";
    const show = async () => {
      const file = `api/v1/files/content?path=${encodeURIComponent(path)}`;
      const answer = await server.request("GET", file, undefined, controller.signal);
      const type = IMAGE_TYPES[name.slice(name.lastIndexOf(".") + 1).toLowerCase()] ?? "";
      address = URL.createObjectURL(new Blob([await answer.arrayBuffer()], { type }));
      if (image.current) image.current.src = address;
    };
    show().catch((reason: unknown) => {
      if (!controller.signal.aborted) setProblem(said(reason));
    });
    return () => {
      controller.abort();
      if (address !== "") URL.revokeObjectURL(address);
    };
  }, [server, path, name]);
  if (problem !== "") return <Problem text={problem} />;
  return (
    <figure className="view-image">
      <img
        ref={image}
        alt={name}
        onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
          setSize(`${naturalWidth} × ${naturalHeight}`)
        }
        onError={() => setProblem("This picture could not be read; download it instead.")}
      />
      <figcaption>{size}</figcaption>
    </figure>
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
