/** Home: the folder that is served, and the kernels that live. */

import {
  QueryClient,
  QueryClientProvider,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";
import type { Server } from "../sync/server";
import { Button } from "../ui/button";
import { Mark } from "../ui/icon";
import { notify } from "../ui/notices";
import { ThemeMenu } from "../ui/theme-menu";
import { folderOf, inFolder } from "./file-changes";
import { FileRow } from "./file-row";
import { create, type FileEntry, freeName, listFolder } from "./listing";
import { PathDialog } from "./path-dialog";
import { Place, type Places } from "./place";
import { recentNotebooks } from "./recent";
import { RunningKernels } from "./running-kernels";
import { SearchResults } from "./search-results";
import { TrashDialog } from "./trash-dialog";
import { DropZone, UploadButton } from "./uploads";

const SettingsDialog = lazy(async () => ({
  default: (await import("../settings/settings-dialog")).SettingsDialog,
}));

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
  const taken = entries.map((entry) => entry.name);
  const [dialog, setDialog] = useState<"trash" | "settings" | null>(null);
  const [query, setQuery] = useState("");
  const wanted = useSettled(query.trim());
  return (
    <>
      <header className="bar home-bar">
        <span className="bar-home">
          <Mark />
        </span>
        <h1 className="bar-name">Tailrace</h1>
        <div className="bar-acts">
          <Button icon="trash" look="quiet" label="Trash" onClick={() => setDialog("trash")} />
          <ThemeMenu />
          <Button
            icon="settings"
            look="quiet"
            label="Settings"
            onClick={() => setDialog("settings")}
          />
        </div>
      </header>
      <main id="content" className="home">
        <section className="home-files" aria-label="Files">
          <div className="home-head">
            <Crumbs path={path} places={places} />
            <input
              className="field home-search"
              type="search"
              placeholder="Search names and contents"
              aria-label="Search names and contents"
              value={query}
              onChange={(event) => setQuery(event.target.value)}
            />
            <UploadButton server={server} folder={path} taken={taken} />
            <NewFolder server={server} path={path} />
            <NewNotebook server={server} path={path} places={places} entries={entries} />
          </div>
          {wanted !== "" ? (
            <SearchResults server={server} query={wanted} places={places} />
          ) : folder.isError ? (
            <p className="home-empty" role="alert">
              This folder could not be read: {folder.error.message}
            </p>
          ) : folder.isSuccess && entries.length === 0 ? (
            <DropZone server={server} folder={path} taken={taken}>
              <p className="home-empty">
                Nothing is here yet. Make a notebook: a file with cells of Python and of words,
                which run one by one and keep what they show.
              </p>
            </DropZone>
          ) : (
            <DropZone server={server} folder={path} taken={taken}>
              <ul className="files">
                {entries.map((entry) => (
                  <FileRow
                    key={entry.name}
                    entry={entry}
                    siblings={entries}
                    server={server}
                    places={places}
                  />
                ))}
              </ul>
            </DropZone>
          )}
        </section>
        <div className="home-side">
          <RunningKernels server={server} places={places} />
          <Recent places={places} />
        </div>
      </main>
      {dialog === "trash" && <TrashDialog server={server} onClose={() => setDialog(null)} />}
      {dialog === "settings" && (
        <Suspense>
          <SettingsDialog onClose={() => setDialog(null)} />
        </Suspense>
      )}
    </>
  );
}

const SETTLED_MS = 250; // between two keys of somebody who types

/** The value once it has stayed the same for a moment; an empty one at once. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return value === "" ? "" : settled;
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
      return create(server, inFolder(path, name), "notebook");
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
  const queries = useQueryClient();
  return (
    <>
      <Button icon="folder" look="quiet" onClick={() => setAsking(true)}>
        New folder
      </Button>
      {isAsking && (
        <PathDialog
          title="New folder"
          label="Name"
          act="Make it"
          value=""
          onSubmit={async (name) => {
            await create(server, inFolder(path, name), "folder");
            await queries.invalidateQueries({ queryKey: ["folder", path] });
          }}
          onClose={() => setAsking(false)}
        />
      )}
    </>
  );
}

function Recent({ places }: { readonly places: Places }) {
  const paths = recentNotebooks();
  if (paths.length === 0) return null;
  return (
    <section className="home-recent" aria-label="Opened last">
      <h2>Opened last</h2>
      <ul>
        {paths.map((path) => (
          <li key={path}>
            <Place address={places.notebook(path)} places={places}>
              {path.split("/").at(-1)}
              {path.includes("/") && <small>{folderOf(path)}</small>}
            </Place>
          </li>
        ))}
      </ul>
    </section>
  );
}
