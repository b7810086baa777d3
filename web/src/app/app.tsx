/** The pages, the server they speak to, and what they share. */

import { lazy, Suspense, useEffect, useMemo } from "react";
import { noteNotebook } from "../files/recent";
import { NotebookPage } from "../notebook/notebook-page";
import { connectSettings } from "../settings/settings-store";
import { Server } from "../sync/server";
import { Notices } from "../ui/notices";
import { SkipLink } from "../ui/skip-link";
import { folderAddress, go, notebookAddress, routeOf, useAddress, viewAddress } from "./routes";

const ViewPage = lazy(async () => ({ default: (await import("../files/view-page")).ViewPage }));
const HomePage = lazy(async () => ({ default: (await import("../files/home-page")).HomePage }));

export function App() {
  const server = useMemo(() => Server.ofPage(), []);
  useEffect(() => connectSettings(server), [server]);
  const address = useAddress();
  const base = server.pageBase;
  const route = routeOf(new URL(address), base);
  useEffect(() => {
    if (route.page === "notebook") noteNotebook(route.path);
  }, [route.page, route.path]);
  const places = useMemo(() => placesOn(base), [base]);
  if (route.page === "notebook") {
    const parts = route.path.split("/");
    const home = folderAddress(base, parts.slice(0, -1).join("/"));
    return (
      <>
        <SkipLink />
        <NotebookPage
          key={route.path}
          path={route.path}
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
