/** Home: the folder that is served, and the kernels that live. */

import {
  QueryClient,
  QueryClientProvider,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { lazy, Suspense, useEffect, useState } from "react";
import { kernelsNear } from "../panels/interpreters";
import type { Server } from "../sync/server";
import { Button } from "../ui/button";
import { Mark } from "../ui/icon";
import { Menu } from "../ui/menu";
import { notify } from "../ui/notices";
import { ThemeMenu } from "../ui/theme-menu";
import { useMoveTarget } from "./dropped";
import { moveInto } from "./file-acts";
import { folderOf, inFolder } from "./file-changes";
import { FileList } from "./file-list";
import { create, type FileEntry, freeName, listFolder } from "./listing";
import { PathDialog } from "./path-dialog";
import { Place, type Places } from "./place";
import { recentNotebooks } from "./recent";
import { RunningKernels } from "./running-kernels";
import { SearchResults } from "./search-results";
import { TrashDialog } from "./trash-dialog";
import { DropZone, UploadButton, UploadProgress } from "./uploads";

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
            <Crumbs path={path} places={places} server={server} entries={entries} />
            <input
              className="field home-search"
              type="search"
              placeholder="Search names and contents"
              aria-label="Search names and contents"
              value={query}
              onChange={(event) => setQuery(event.target.value)}
            />
            <UploadButton server={server} folder={path} />
            <NewFolder server={server} path={path} />
            <NewNotebook server={server} path={path} places={places} entries={entries} />
          </div>
          <UploadProgress />
          {wanted !== "" ? (
            <SearchResults server={server} query={wanted} places={places} />
          ) : folder.isError ? (
            <p className="home-empty" role="alert">
              This folder could not be read: {folder.error.message}
            </p>
          ) : folder.isSuccess && entries.length === 0 ? (
            <DropZone server={server} folder={path}>
              <Teaching />
            </DropZone>
          ) : (
            <DropZone server={server} folder={path}>
              <FileList
                key={path}
                entries={entries}
                folder={path}
                server={server}
                places={places}
              />
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

function Teaching() {
  return (
    <div className="home-empty">
      <p>
        <strong>Nothing is here yet.</strong> A notebook is a file with cells of Python and of
        words, which run one by one and keep what they show. Make one with <em>New notebook</em>.
      </p>
      <p>
        Or drop files and folders here: notebooks, and the data they need. Text, tables, pictures
        and PDFs open in this page too.
      </p>
      <p>
        In a list of files, <kbd>↑</kbd> <kbd>↓</kbd> go along it, <kbd>Space</kbd> chooses,{" "}
        <kbd>F2</kbd> renames, <kbd>Delete</kbd> puts into the trash, from which all can be had
        back. Files are dragged onto folders to move them.
      </p>
    </div>
  );
}

interface CrumbsProps {
  readonly path: string;
  readonly places: Places;
  readonly server: Server;
  readonly entries: readonly FileEntry[];
}

/** A folder above: files may be dragged there too. */
function Crumb(props: CrumbsProps & { readonly name: string; readonly isHere: boolean }) {
  const { path, places, server, entries, name, isHere } = props;
  const queries = useQueryClient();
  const { isOver, target } = useMoveTarget(
    isHere
      ? null
      : (paths) => {
          const dropped = entries.filter((each) => each.path !== null && paths.includes(each.path));
          void moveInto(server, dropped, path).then(() => queries.invalidateQueries());
        },
  );
  return (
    <li data-over={isOver ? "" : undefined} {...target}>
      <Place address={places.folder(path)} places={places} isHere={isHere}>
        <bdi>{name}</bdi>
      </Place>
    </li>
  );
}

function Crumbs(props: CrumbsProps) {
  const { path } = props;
  const parts = path === "" ? [] : path.split("/");
  return (
    <nav className="crumbs" aria-label="Folder">
      <ol>
        <Crumb {...props} path="" name="Files" isHere={parts.length === 0} />
        {parts.map((part, at) => {
          const upTo = parts.slice(0, at + 1).join("/");
          const isHere = at === parts.length - 1;
          return <Crumb key={upTo} {...props} path={upTo} name={part} isHere={isHere} />;
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
    mutationFn: (kernel: string | null) => {
      const name = freeName(entries.map((entry) => entry.name));
      return create(server, inFolder(path, name), "notebook", kernel);
    },
    onSuccess: (made) => places.go(places.notebook(made)),
    onError: (problem) => notify({ text: problem.message, tone: "failure" }),
  });
  const kernels = useQuery({
    queryKey: ["kernelspecs"],
    queryFn: () => kernelsNear(server, "", undefined),
    staleTime: 60_000,
  });
  const others = (kernels.data?.kernelspecs ?? []).filter((each) => each.problem === null);
  return (
    <span className="new-notebook">
      <Button
        icon="plus"
        look="primary"
        disabled={making.isPending}
        onClick={() => making.mutate(null)}
      >
        New notebook
      </Button>
      {others.length > 0 && (
        <Menu
          label="New notebook with another kernel"
          icon="down"
          look="primary"
          className="new-notebook-kernel"
          entries={() => [
            { label: "Python 3", run: () => making.mutate(null) },
            ...others.map(({ title, name }) => ({
              label: title,
              run: () => making.mutate(name),
            })),
          ]}
        />
      )}
    </span>
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
