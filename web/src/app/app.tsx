/** The pages, the server they speak to, and what they share. */

import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from "react";
import { flushSync } from "react-dom";
import { movedNotebook, noteNotebook } from "../files/recent";
import { NotebookPage } from "../notebook/notebook-page";
import { connectSettings, followSettings } from "../settings/settings-store";
import { Server } from "../sync/server";
import { Notices } from "../ui/notices";
import { SkipLink } from "../ui/skip-link";
import {
  folderAddress,
  go,
  notebookAddress,
  rename,
  routeOf,
  useAddress,
  viewAddress,
} from "./routes";

const ViewPage = lazy(async () => ({ default: (await import("../files/view-page")).ViewPage }));
const HomePage = lazy(async () => ({ default: (await import("../files/home-page")).HomePage }));

/** The notebook that was opened as `opened` is the one at these paths. */
interface Followed {
  readonly opened: string;
  readonly at: readonly string[];
}

export function App() {
  const server = useMemo(() => Server.ofPage(), []);
  useEffect(() => connectSettings(server), [server]);
  const address = useAddress();
  const base = server.pageBase;
  const route = routeOf(new URL(address), base);
  const hasSession = route.page === "notebook";
  useEffect(() => (hasSession ? undefined : followSettings()), [hasSession]);
  useEffect(() => {
    if (route.page === "notebook") noteNotebook(route.path);
  }, [route.page, route.path]);
  const places = useMemo(() => placesOn(base), [base]);
  // A notebook that is moved while it is open stays open: only its address is another.
  const [followed, setFollowed] = useState<Followed | null>(null);
  const opened = followed?.at.includes(route.path) ? followed.opened : route.path;
  const onMoved = useCallback(
    (from: string, to: string) => {
      movedNotebook(from, to);
      // Known before the address changes, so that no other page is shown meanwhile.
      flushSync(() => setFollowed({ opened, at: [from, to] }));
      rename(notebookAddress(base, to));
      setFollowed({ opened, at: [to] });
    },
    [base, opened],
  );
  if (route.page === "notebook") {
    const parts = route.path.split("/");
    const home = folderAddress(base, parts.slice(0, -1).join("/"));
    return (
      <>
        <SkipLink />
        <NotebookPage
          key={opened}
          path={opened}
          onMoved={onMoved}
          homeAddress={home}
          onHome={() => go(home)}
          places={places}
        />
        <Notices />
      </>
    );
  }
  if (route.page === "view") {
    return (
      <>
        <SkipLink />
        <Suspense>
          <ViewPage key={route.path} server={server} path={route.path} places={places} />
        </Suspense>
        <Notices />
      </>
    );
  }
  return (
    <>
      <SkipLink />
      <Suspense>
        <HomePage server={server} path={route.path} places={places} />
      </Suspense>
      <Notices />
    </>
  );
}

function placesOn(base: URL) {
  return {
    notebook: (path: string) => notebookAddress(base, path),
    folder: (path: string) => folderAddress(base, path),
    view: (path: string) => viewAddress(base, path),
    go,
  };
}
