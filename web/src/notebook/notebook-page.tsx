/** An open notebook: the session is opened with the page and closed with it. */

import { lazy, Suspense, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { OutputPlaceProvider } from "../outputs/place";
import { prepareMarkdown } from "../outputs/prose/markdown-view";
import { togglePanel } from "../panels/panel-state";
import type { Session } from "../store/session";
import { SessionProvider, useSession } from "../store/use-session";
import { type NotebookSession, openNotebook } from "../sync/notebook-session";
import { NotebookProvider } from "../sync/use-notebook";
import { Button } from "../ui/button";
import { Dialog } from "../ui/dialog";
import { nameOf, typesText } from "../ui/key-names";
import { notify } from "../ui/notices";
import { Announcer } from "./announcer";
import { Banners } from "./banners";
import { CellList } from "./cell-list";
import { listenToClipboard } from "./clipboard-events";
import { CommandPalette } from "./command-palette";
import { Commander } from "./commander";
import { type Command, type PageActs, useCommands } from "./commands";
import { DebugKeys } from "./debug-keys";
import { DeskPanels, type PagePlaces } from "./desk-panels";
import { exportNotebook } from "./exporting";
import { Find } from "./find";
import { Folds } from "./folds";
import { Keys } from "./keymap";
import { tellLongRuns } from "./long-runs";
import { Mistakes } from "./mistakes";
import { NameList } from "./name-list";
import { NotebookHeader } from "./notebook-header";
import { NotebookView } from "./notebook-view";
import { useOutputHome } from "./output-home";
import { showSigns } from "./page-signs";
import { printNotebook } from "./printing";
import { ShortcutSheet } from "./shortcut-sheet";
import { EVERY_COMMAND } from "./typing-keys";
import { DeskProvider, useDesk } from "./use-view";

const SettingsDialog = lazy(async () => ({
  default: (await import("../settings/settings-dialog")).SettingsDialog,
}));

const KernelDialog = lazy(async () => ({
  default: (await import("./kernel-dialog")).KernelDialog,
}));

interface NotebookPageProps {
  readonly path: string;
  readonly homeAddress: string;
  readonly onHome: () => void;
  /** The notebook has another path now. */
  readonly onMoved: (from: string, to: string) => void;
  /** The addresses of this page's pages. */
  readonly places: PagePlaces;
}

export function NotebookPage(props: NotebookPageProps) {
  const { path } = props;
  const [session, setSession] = useState<NotebookSession | null>(null);
  useLayoutEffect(() => {
    const opened = openNotebook(path);
    setSession(opened);
    // While the server is asked there is time for what most notebooks need.
    void prepareMarkdown();
    return () => opened.close();
  }, [path]);
  useFollowing(session, path, props.onMoved);
  if (!session) return null;
  return (
    <NotebookProvider value={session}>
      <SessionProvider value={session.store}>
        <Desk {...props} session={session} />
      </SessionProvider>
    </NotebookProvider>
  );
}

/** Tells of the path that the server names, once it is another than before. */
function useFollowing(
  session: NotebookSession | null,
  path: string,
  onMoved: (from: string, to: string) => void,
) {
  const moved = useRef(onMoved);
  moved.current = onMoved;
  useEffect(() => {
    if (!session) return;
    let known = path;
    return session.store.subscribeTo(
      (now) => now.notebook?.path ?? null,
      (next) => {
        if (next === null || next === known) return;
        const before = known;
        known = next;
        moved.current(before, next);
      },
    );
  }, [session, path]);
}

type PageDialog = "shortcuts" | "restart" | "palette" | "settings" | "kernel";

function Desk(props: NotebookPageProps & { readonly session: NotebookSession }) {
  const { session, onHome, homeAddress, places } = props;
  const desk = useMemo(() => {
    const view = new NotebookView();
    const commander = new Commander(session, view, new Folds(session));
    return { view, commander, mistakes: new Mistakes(session) };
  }, [session]);
  const [dialog, setDialog] = useState<PageDialog | null>(null);
  const [find, setFind] = useState<{ replaces: boolean; times: number } | null>(null);
  const home = useRef(onHome);
  home.current = onHome;
  const page = useMemo(
    (): PageActs => ({
      showShortcuts: () => setDialog("shortcuts"),
      askRestart: () => setDialog("restart"),
      showPalette: () => setDialog("palette"),
      showSettings: () => setDialog("settings"),
      chooseKernel: () => setDialog("kernel"),
      togglePanel,
      goHome: () => home.current(),
      print: () => void printNotebook(),
      exportAs: (form) => void exportNotebook(session, form),
      find: (replaces) => setFind((before) => ({ replaces, times: (before?.times ?? 0) + 1 })),
    }),
    [session],
  );
  const top = useHeight();

  useEffect(() => () => desk.commander.close(), [desk]);
  useEffect(() => desk.mistakes.watch(), [desk]);
  useEffect(() => listenToClipboard(desk.commander), [desk]);
  useLayoutEffect(() => {
    const { view, commander } = desk;
    const stop = commander.folds.watch();
    // Who goes to a cell sees it, whatever it is folded under.
    const stopView = view.subscribe(() => {
      const { active } = view.current;
      if (active !== null && commander.folds.isHidden(active)) commander.folds.reveal(active);
    });
    return () => {
      stop();
      stopView();
    };
  }, [desk]);
  useEffect(() => {
    const name = session.path.split("/").at(-1) ?? session.path;
    const stopSigns = showSigns(session.store, name, (sign) =>
      session.server.url(sign === "idle" ? "favicon.svg" : `favicon-${sign}.svg`),
    );
    const stopTelling = tellLongRuns(session.store, name, (cellId) => desk.view.select(cellId));
    return () => {
      stopSigns();
      stopTelling();
    };
  }, [session, desk]);

  return (
    <DeskProvider value={desk}>
      <CommandKeys page={page} />
      <DebugKeys />
      <div ref={top} className="notebook-top">
        <NotebookHeader homeAddress={homeAddress} page={page} />
        <Banners page={page} />
        {find && <Find key={find.times} replaces={find.replaces} onClose={() => setFind(null)} />}
      </div>
      <div className="notebook-body">
        <div className="notebook-room">
          <main id="content" className="notebook">
            <Body />
          </main>
        </div>
        <DeskPanels page={page} places={places} />
      </div>
      <Announcer />
      <NameList />
      {dialog === "settings" && (
        <Suspense>
          <SettingsDialog commands={EVERY_COMMAND} onClose={() => setDialog(null)} />
        </Suspense>
      )}
      {dialog === "kernel" && (
        <Suspense>
          <KernelDialog onClose={() => setDialog(null)} />
        </Suspense>
      )}
      {dialog === "palette" && <CommandPalette page={page} onClose={() => setDialog(null)} />}
      {dialog === "shortcuts" && <ShortcutSheet onClose={() => setDialog(null)} />}
      {dialog === "restart" && <RestartDialog onClose={() => setDialog(null)} />}
    </DeskProvider>
  );
}

/** Says in `--top` how much the header and its banners cover, for what sticks below them. */
function useHeight() {
  const element = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const top = element.current;
    if (!top) return;
    const watch = new ResizeObserver(() => {
      document.documentElement.style.setProperty("--top", `${top.offsetHeight}px`);
    });
    watch.observe(top);
    return () => watch.disconnect();
  }, []);
  return element;
}

/** Cells as soon as there is something to show; until then nothing moves. */
function Body() {
  const isLoaded = useSession(isLoadedOf);
  const hasCells = useSession(hasCellsOf);
  const isRefused = useSession(isRefusedOf);
  const { view, commander } = useDesk();
  const place = useOutputHome();

  useLayoutEffect(() => {
    if (!hasCells || view.current.active !== null) return;
    const [first] = commander.order;
    if (first !== undefined) view.select(first);
  }, [hasCells, view, commander]);

  if (!isLoaded || !place) {
    return isRefused ? null : <p className="notebook-opening">Opening …</p>;
  }
  return (
    <OutputPlaceProvider value={place}>
      {/* The list begins with its cells, so that it knows its first screenful. */}
      <CellList key={hasCells ? "cells" : "empty"} />
    </OutputPlaceProvider>
  );
}

/** Whether a key belongs to the thing that has the focus. */
function isForField(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  if (
    target.isContentEditable ||
    target.closest("input, textarea, select, dialog, [popover], .cm-editor, [data-own-keys]")
  ) {
    return true;
  }
  const isPressed = event.key === "Enter" || event.key === " ";
  const isBare = !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.altKey;
  return isPressed && isBare && target.closest("button, a, summary") !== null;
}

/** Whether a command is obeyed there, though the focus is in something that takes keys. */
function reaches({ reach }: Command, { target }: KeyboardEvent): boolean {
  if (reach === "everywhere") return true;
  return (
    reach === "cell" &&
    target instanceof Element &&
    target.closest(".cell-source .cm-content") !== null
  );
}

function CommandKeys({ page }: { readonly page: PageActs }) {
  const { commander } = useDesk();
  const commands = useCommands();
  useLayoutEffect(() => {
    const keys = new Keys(commands);
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return;
      const isField = isForField(event);
      if (isField && isInDialog(event)) return;
      const name = nameOf(event);
      if (!isField && commander.hasLostCell && (typesText(name) || name === "Escape")) {
        // What may be meant for its text is no command for the cells that are left.
        event.preventDefault();
        if (name === "Escape") commander.goToEnd("first");
        else notify({ text: "The cell you were in was deleted elsewhere. Esc goes on." });
        return;
      }
      const command = keys.read(name, event.timeStamp);
      if (command === null) return;
      // In a field a letter is always typed, whatever it means in command mode.
      if (isField && (command === "wait" || !reaches(command, event) || typesText(name))) return;
      event.preventDefault();
      if (command !== "wait") command.run(commander, page);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [commander, commands, page]);
  return null;
}

function isInDialog(event: KeyboardEvent): boolean {
  return event.target instanceof Element && event.target.closest("dialog, [popover]") !== null;
}

function RestartDialog({ onClose }: { readonly onClose: () => void }) {
  const { commander } = useDesk();
  const restart = (runsAll: boolean) => {
    onClose();
    commander.restart(runsAll);
  };
  return (
    <Dialog title="Restart the kernel?" onClose={onClose}>
      <p>Its variables are lost. The cells and their outputs stay.</p>
      <div className="dialog-actions">
        <Button look="quiet" onClick={onClose}>
          Cancel
        </Button>
        <Button onClick={() => restart(true)}>Restart and run all</Button>
        <Button look="primary" data-first="" onClick={() => restart(false)}>
          Restart
        </Button>
      </div>
    </Dialog>
  );
}

const isLoadedOf = (session: Session) => session.isLoaded;
const hasCellsOf = (session: Session) => session.cells.length > 0;
const isRefusedOf = ({ connection }: Session) => connection.phase === "ended";
