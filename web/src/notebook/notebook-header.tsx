/** The bar above a notebook: its name, whether it is saved, what runs, the kernel. */

import { useSyncExternalStore } from "react";
import { type KernelMood, kernelMood, runningCell } from "../core/selectors";
import { openPanel, togglePanels } from "../panels/panel-state";
import { useSettings } from "../settings/settings-store";
import type { Session } from "../store/session";
import { useConnection, useSession } from "../store/use-session";
import { metadataIn } from "../sync/cells";
import { partOf, useLanguage } from "../sync/notebook-language";
import { useDoc, useNotebook } from "../sync/use-notebook";
import { Button } from "../ui/button";
import { useLasting } from "../ui/clock";
import { Mark } from "../ui/icon";
import { Menu, type MenuEntry } from "../ui/menu";
import { ThemeMenu } from "../ui/theme-menu";
import { Toolbar } from "../ui/toolbar";
import { countWords } from "../ui/words";
import { keyOf, type PageActs, useWithKeys } from "./commands";
import { RunningTime } from "./execution-mark";
import { EXPORTS } from "./exporting";
import { areBeside } from "./outputs-beside";
import { savedWords } from "./saved-words";
import { useDesk } from "./use-view";

interface HeaderProps {
  readonly page: PageActs;
  readonly homeAddress: string;
}

export function NotebookHeader({ page, homeAddress }: HeaderProps) {
  const { commander } = useDesk();
  const withKeys = useWithKeys();
  return (
    <header className="bar">
      <a
        className="bar-home"
        href={homeAddress}
        aria-label="All files"
        title="All files"
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          page.goHome();
        }}
      >
        <Mark />
      </a>
      <NotebookName />
      <SavedState />
      <WayChip />
      <RunningChip />
      <Toolbar className="bar-acts" label="Notebook">
        <Button
          icon="run"
          title={withKeys("Run the selected cells", "run-next")}
          label="Run"
          className="bar-run"
          look="quiet"
          onClick={() => commander.run("next")}
        />
        <Button
          icon="runAll"
          title="Run all cells"
          label="Run all"
          className="bar-run"
          look="quiet"
          onClick={() => commander.runAll()}
        >
          <span className="wide-only">Run all</span>
        </Button>
        <InterruptButton />
        <Button
          icon="restart"
          title={withKeys("Restart the kernel", "restart")}
          label="Restart"
          className="wide-only"
          look="quiet"
          onClick={() => page.askRestart()}
        />
        <DebugSwitch />
        <KernelChip page={page} />
        <span className="wide-only">
          <FileMenu page={page} />
        </span>
        <span className="wide-only">
          <ThemeMenu />
        </span>
        <Button
          icon="search"
          label={withKeys("Find", "find")}
          look="quiet"
          className="wide-only"
          onClick={() => page.find(false)}
        />
        <Button
          icon="command"
          label={withKeys("All commands", "palette")}
          look="quiet"
          onClick={() => page.showPalette()}
        />
        <Button
          icon="settings"
          label={withKeys("Settings", "settings")}
          look="quiet"
          className="wide-only"
          onClick={() => page.showSettings()}
        />
        <Button
          icon="panel"
          label="Panels"
          look="quiet"
          className="narrow-only"
          onClick={togglePanels}
        />
      </Toolbar>
    </header>
  );
}

function InterruptButton() {
  const { commander } = useDesk();
  const isBusy = useSession(isBusyOf);
  const withKeys = useWithKeys();
  return (
    <Button
      icon="stop"
      title={withKeys("Interrupt", "interrupt")}
      label="Interrupt"
      look="quiet"
      disabled={!isBusy}
      onClick={() => commander.interrupt()}
    />
  );
}

function NotebookName() {
  const { path } = useNotebook();
  const shown = useSession(pathOf) ?? path;
  const parts = shown.split("/");
  const name = parts.pop() ?? shown;
  return (
    <h1 className="bar-name" title={shown}>
      {parts.length > 0 && <span className="bar-folder">{parts.join(" / ")} / </span>}
      <span className="bar-file">{name}</span>
    </h1>
  );
}

function SavedState() {
  const status = useSession(statusOf);
  const isConnected = useSession(isConnectedOf);
  const keepsEdits = useSession(keepsEditsOf);
  const { autosaves } = useSettings();
  const { commander } = useDesk();
  const withKeys = useWithKeys();
  const { text, tone, detail } = savedWords(status, isConnected, keepsEdits, autosaves);
  return (
    <button
      type="button"
      className="bar-saved"
      data-tone={tone}
      title={`${detail}\n${withKeys("Save now", "save")}`}
      onClick={() => commander.save()}
    >
      {text}
    </button>
  );
}

/** Told where the usual way is closed: all works, but by one that is somewhat slower. */
function WayChip() {
  const connection = useConnection();
  if (connection.phase !== "open" || connection.by === "socket") return null;
  return (
    <span
      className="bar-way"
      role="status"
      title="Something between here and the server lets no WebSockets through. The page uses server-sent events instead; all works."
    >
      over HTTP
    </span>
  );
}

const CHIP_AFTER_MS = 200; // a chip that comes and goes at once only moves its neighbours

/** Which cell runs, for how long, how many wait; a press goes there. */
function RunningChip() {
  const cellId = useSession(runningCellOf);
  const since = useSession(sinceOf);
  const waiting = useSession(waitingOf);
  const number = useSession(runningNumberOf);
  const { view } = useDesk();
  const isLasting = useLasting(cellId !== null, CHIP_AFTER_MS);
  if (cellId === null || !isLasting) return null;
  return (
    <button
      type="button"
      className="bar-running"
      title="Go to the running cell"
      onClick={() => view.select(cellId)}
    >
      <span className="flow" aria-hidden="true" />
      <span>{number === 0 ? "A deleted cell runs" : `Cell ${number}`}</span>
      <span className="clock">
        <RunningTime since={since} />
      </span>
      {waiting > 0 && <span className="wide-only">{`${countWords(waiting)} queued`}</span>}
    </button>
  );
}

/** The notebook as a file: in other forms, and where its outputs are. */
function FileMenu({ page }: { readonly page: PageActs }) {
  const { commander } = useDesk();

  function entries(): MenuEntry[] {
    const isBeside = areBeside(commander.doc);
    return [
      ...EXPORTS.map(({ form, title }) => ({
        label: `Export as ${title}`,
        run: () => page.exportAs(form),
      })),
      null,
      { label: "Print …", shortcut: keyOf("print"), run: () => page.print() },
      null,
      {
        label: "Keep outputs in a file beside",
        ...(isBeside ? { icon: "check" as const } : {}),
        run: () => commander.toggleOutputsBeside(),
      },
    ];
  }

  return <Menu label="Export and save" icon="download" entries={entries} />;
}

/** On, off; and while code stands at a breakpoint, so. Only where there is something to debug. */
function DebugSwitch() {
  const { debug } = useDesk().commander;
  const { phase, stopped } = useSyncExternalStore(debug.subscribe, debug.getSnapshot);
  const isReady = useSession(isReadyOf);
  const interpreter = useSession(interpreterOf);
  const { isPython } = useLanguage();
  if (!isPython || interpreter?.startsWith("kernelspec:")) return null;
  return (
    <Button
      icon="bug"
      label={stopped ? "Debugger: stopped" : "Debugger"}
      look="quiet"
      className="wide-only debug-switch"
      aria-pressed={phase === "on"}
      data-stopped={stopped ? "" : undefined}
      disabled={!isReady || phase === "starting"}
      onClick={() => {
        if (phase === "off") openPanel("debugger");
        void debug.toggle();
      }}
    />
  );
}

const isReadyOf = (session: Session) => session.state.kernel.phase === "ready";

const MOODS: Readonly<Record<KernelMood, string>> = {
  none: "No kernel",
  starting: "Starting",
  idle: "Idle",
  busy: "Busy",
  interrupting: "Interrupting",
  stuck: "Not stopping",
  dead: "Dead",
};

function KernelChip({ page }: { readonly page: PageActs }) {
  const isLasting = useLasting(useSession(isRunningOf), CHIP_AFTER_MS);
  const mood = useSession(isLasting ? moodOf : restingMoodOf);
  const kernel = useKernelName();
  const { commander } = useDesk();

  function entries(): MenuEntry[] {
    const lives = mood !== "none" && mood !== "dead";
    const isBusy = mood === "busy" || mood === "interrupting" || mood === "stuck";
    return [
      {
        label: "Interrupt",
        icon: "stop",
        shortcut: keyOf("interrupt"),
        disabled: !isBusy,
        run: () => commander.interrupt(),
      },
      { label: "Empty the queue", disabled: !isBusy, run: () => commander.cancel(null) },
      null,
      ...(lives
        ? [
            {
              label: "Restart …",
              icon: "restart" as const,
              shortcut: keyOf("restart"),
              run: () => page.askRestart(),
            },
          ]
        : [{ label: "Start", icon: "run" as const, run: () => commander.startKernel() }]),
      { label: "Restart and run all", icon: "runAll", run: () => commander.restart(true) },
      { label: "Clear all outputs", run: () => commander.clearOutputs(null) },
      { label: "Change the kernel …", icon: "chip", run: () => page.chooseKernel() },
      null,
      {
        label: "Stop the kernel",
        danger: true,
        disabled: !lives,
        run: () => commander.stopKernel(),
      },
    ];
  }

  const words = MOODS[mood];
  return (
    <Menu
      label={`Kernel: ${words}${kernel ? ` ${kernel}` : ""}`}
      className="kernel-chip"
      entries={entries}
    >
      <span className="lamp" data-mood={mood} aria-hidden="true" />
      <span>{words}</span> {kernel && <span className="kernel-version wide-only">{kernel}</span>}
    </Menu>
  );
}

// Selectors are constants, so that a view subscribes once.
const pathOf = (session: Session) => session.notebook?.path ?? null;
const statusOf = (session: Session) => session.status;
const isConnectedOf = (session: Session) => session.connection.phase === "open";
// While connected, every key is unsent for some milliseconds: nothing to draw the header for.
const keepsEditsOf = (session: Session) => session.hasUnsentEdits && !isConnectedOf(session);
const runningCellOf = (session: Session) => runningCell(session.state);
const waitingOf = (session: Session) => session.state.queue.length;
const isRunningOf = (session: Session) => session.state.running !== null;
const moodOf = (session: Session) => kernelMood(session.state);
const restingMoodOf = (session: Session) => {
  const mood = moodOf(session);
  return mood === "busy" ? "idle" : mood;
};
const isBusyOf = (session: Session) =>
  session.state.running !== null || session.state.queue.length > 0;
const sinceOf = (session: Session) =>
  session.state.executions[session.state.running ?? ""]?.started_at ?? null;
const runningNumberOf = (session: Session) => {
  const cellId = runningCell(session.state);
  return session.cells.findIndex((cell) => cell.cell_id === cellId) + 1;
};
/** What runs, or would: `Python 3.12.3`, or the title of a kernel of Jupyter's. */
function useKernelName(): string | null {
  const version = useSession(versionOf);
  const interpreter = useSession(interpreterOf);
  const { title, isPython } = useLanguage();
  const doc = useDoc();
  if (isPython && !interpreter?.startsWith("kernelspec:")) return version && `Python ${version}`;
  const { display_name } = partOf(metadataIn(doc), "kernelspec");
  return typeof display_name === "string" && display_name !== "" ? display_name : title;
}

const interpreterOf = (session: Session) => session.state.kernel.interpreter;
/** `3.11.7` of `3.11.7 (main, …)`. */
const versionOf = (session: Session) => session.state.kernel.version?.split(" ", 1)[0] ?? null;
