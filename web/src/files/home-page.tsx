/** Home: the folder that is served, and the kernels that live. */

import {
  QueryClient,
  QueryClientProvider,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import type { Server } from "../sync/server";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { Icon, Mark } from "../ui/icon";
import { notify } from "../ui/notices";
import { ThemeMenu } from "../ui/theme-menu";
import { momentWords, sizeWords } from "../ui/words";
import { contentAddress, create, type FileEntry, freeName, listFolder } from "./listing";
import { RunningKernels } from "./running-kernels";

export interface Places {
  /** The address of a notebook's page, of a folder's. */
  readonly notebook: (path: string) => string;
  readonly folder: (path: string) => string;
  readonly go: (address: string) => void;
}

interface HomePageProps {
  readonly server: Server;
  readonly path: string;
  readonly places: Places;
}

const REFRESH_MS = 5_000;

const queries = new QueryClient({
  defaultOptions: { queries: { retry: 1, staleTime: 1_000, refetchOnWindowFocus: true } },
});

export function HomePage(props: HomePageProps) {
  return (
    <QueryClientProvider client={queries}>
      <Home {...props} />
    </QueryClientProvider>
  );
}

function Home({ server, path, places }: HomePageProps) {
  const folder = useQuery({
    queryKey: ["folder", path],
    queryFn: () => listFolder(server, path),
    refetchInterval: REFRESH_MS,
  });
  const entries = folder.data ?? [];
  return (
    <>
      <header className="bar home-bar">
        <span className="bar-home">
          <Mark />
        </span>
        <h1 className="bar-name">Tailrace</h1>
        <div className="bar-acts">
          <ThemeMenu />
        </div>
      </header>
      <main className="home">
        <section className="home-files" aria-label="Files">
          <div className="home-head">
            <Crumbs path={path} places={places} />
            <NewFolder server={server} path={path} />
            <NewNotebook server={server} path={path} places={places} entries={entries} />
          </div>
          {folder.isError ? (
            <p className="home-empty" role="alert">
              This folder could not be read: {folder.error.message}
            </p>
          ) : folder.isSuccess && entries.length === 0 ? (
            <p className="home-empty">
              Nothing is here yet. Make a notebook: a file with cells of Python and of words, which
              run one by one and keep what they show.
            </p>
          ) : (
            <ul className="files">
              {entries.map((entry) => (
                <FileRow key={entry.name} entry={entry} server={server} places={places} />
              ))}
            </ul>
          )}
        </section>
        <RunningKernels server={server} places={places} />
      </main>
    </>
  );
}

function Crumbs({ path, places }: { readonly path: string; readonly places: Places }) {
  const parts = path === "" ? [] : path.split("/");
  return (
    <nav className="crumbs" aria-label="Folder">
      <ol>
        <li>
          <Place address={places.folder("")} places={places} isHere={parts.length === 0}>
            Files
          </Place>
        </li>
        {parts.map((part, at) => {
          const upTo = parts.slice(0, at + 1).join("/");
          return (
            <li key={upTo}>
              <Place address={places.folder(upTo)} places={places} isHere={at === parts.length - 1}>
                {part}
              </Place>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}

interface PlaceProps {
  readonly address: string;
  readonly places: Places;
  readonly isHere?: boolean;
  readonly className?: string;
  readonly children: React.ReactNode;
}

/** A link within the page: it opens here, and in a new tab when asked to. */
export function Place({ address, places, isHere = false, className, children }: PlaceProps) {
  return (
    <a
      href={address}
      className={className}
      aria-current={isHere ? "page" : undefined}
      onClick={(event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
        event.preventDefault();
        places.go(address);
      }}
    >
      {children}
    </a>
  );
}

interface RowProps {
  readonly entry: FileEntry;
  readonly server: Server;
  readonly places: Places;
}

function FileRow({ entry, server, places }: RowProps) {
  const { name, path, kind, isRunning } = entry;
  const label = (
    <>
      <Icon name={kind} />
      <span className="file-name">{name}</span>
      {isRunning && <span className="file-running">kernel</span>}
      <span className="file-size">{kind === "folder" ? "" : sizeWords(entry.sizeBytes)}</span>
      <time className="file-time" dateTime={new Date(entry.modifiedAt * 1000).toISOString()}>
        {momentWords(entry.modifiedAt)}
      </time>
    </>
  );
  return (
    <li data-kind={kind}>
      {path === null ? (
        <span className="file-row">{label}</span>
      ) : kind === "file" ? (
        <a
          className="file-row"
          href={contentAddress(server, path)}
          download={name}
          title="Download"
        >
          {label}
        </a>
      ) : (
        <Place
          className="file-row"
          address={kind === "folder" ? places.folder(path) : places.notebook(path)}
          places={places}
        >
          {label}
        </Place>
      )}
    </li>
  );
}

function within(folder: string, name: string): string {
  return folder === "" ? name : `${folder}/${name}`;
}

function NewNotebook(props: {
  readonly server: Server;
  readonly path: string;
  readonly places: Places;
  readonly entries: readonly FileEntry[];
}) {
  const { server, path, places, entries } = props;
  const making = useMutation({
    mutationFn: () => {
      const name = freeName(entries.map((entry) => entry.name));
      return create(server, within(path, name), "notebook");
    },
    onSuccess: (made) => places.go(places.notebook(made)),
    onError: (problem) => notify({ text: problem.message, tone: "failure" }),
  });
  return (
    <Button icon="plus" look="primary" disabled={making.isPending} onClick={() => making.mutate()}>
      New notebook
    </Button>
  );
}

function NewFolder({ server, path }: { readonly server: Server; readonly path: string }) {
  const [isAsking, setAsking] = useState(false);
  const [name, setName] = useState("");
  const queries = useQueryClient();
  const making = useMutation({
    mutationFn: () => create(server, within(path, name.trim()), "folder"),
    onSuccess: () => {
      setAsking(false);
      setName("");
      void queries.invalidateQueries({ queryKey: ["folder", path] });
    },
  });

  function submit(event: FormEvent) {
    event.preventDefault();
    if (name.trim() !== "") making.mutate();
  }

  return (
    <>
      <Button icon="folder" look="quiet" onClick={() => setAsking(true)}>
        New folder
      </Button>
      {isAsking && (
        <Dialog title="New folder" onClose={() => setAsking(false)}>
          <form onSubmit={submit}>
            <label>
              Name
              <input
                className="field"
                data-first=""
                value={name}
                onChange={(event) => setName(event.target.value)}
              />
            </label>
            {making.isError && (
              <p className="field-problem" role="alert">
                {making.error.message}
              </p>
            )}
            <div className="dialog-actions">
              <Button look="quiet" onClick={() => setAsking(false)}>
                Cancel
              </Button>
              <Button
                type="submit"
                look="primary"
                disabled={name.trim() === "" || making.isPending}
              >
                Make it
              </Button>
            </div>
          </form>
        </Dialog>
      )}
    </>
  );
}
