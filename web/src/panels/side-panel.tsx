/**
 * The panels at the right: a quiet rail, and one panel beside the cells at a time. On a narrow
 * screen the panel is a sheet over the lower part, opened from the header.
 */

import { type KeyboardEvent, lazy, type ReactNode, Suspense, useLayoutEffect, useRef } from "react";
import type { DebugDesk } from "../debugger/desk";
import { Button } from "../ui/button";
import { Icon, type IconName } from "../ui/icon";
import { Toolbar } from "../ui/toolbar";
import { ContentsPanel } from "./contents-panel";
import { closePanel, openPanel, PANELS, type PanelName, useOpenPanel } from "./panel-state";
import "./panels.css";

/** What a panel may ask of the notebook's page. */
export interface PanelActs {
  goTo(cellId: string): void;
  interrupt(): void;
  start(): void;
  askRestart(): void;
  restart(runsAll: boolean): void;
  stop(): void;
  replaceSource(cellId: string, source: string): void;
  addressOf(kind: "folder" | "notebook" | "file", path: string): string;
  open(kind: "folder" | "notebook" | "file", path: string): void;
  /** What an earlier execution showed. */
  drawOutputs(executionId: string): ReactNode;
  readonly folds: FoldActs;
  readonly debug: DebugDesk;
}

/** Sections folded under their headings. */
export interface FoldActs {
  subscribe(listener: () => void): () => void;
  isFolded(cellId: string): boolean;
  isHidden(cellId: string): boolean;
  fold(cellIds: readonly string[], folds: boolean): void;
}

export interface PanelProps {
  readonly activeCell: string | null;
  readonly acts: PanelActs;
}

const ICONS: Readonly<Record<PanelName, IconName>> = {
  contents: "contents",
  variables: "variables",
  history: "history",
  kernel: "chip",
  files: "folder",
  debugger: "bug",
};

const VariablesPanel = lazy(async () => ({
  default: (await import("./variables-panel")).VariablesPanel,
}));
const HistoryPanel = lazy(async () => ({
  default: (await import("./history-panel")).HistoryPanel,
}));
const KernelPanel = lazy(async () => ({
  default: (await import("./kernel-panel")).KernelPanel,
}));

const FilesPanel = lazy(async () => ({
  default: (await import("./files-panel")).FilesPanel,
}));

const LoadedDebugger = lazy(async () => ({
  default: (await import("../debugger/debugger-panel")).DebuggerPanel,
}));

function DebuggerPanel({ acts }: PanelProps) {
  return <LoadedDebugger debug={acts.debug} goTo={acts.goTo} interrupt={acts.interrupt} />;
}

const VIEWS = {
  contents: ContentsPanel,
  variables: VariablesPanel,
  history: HistoryPanel,
  kernel: KernelPanel,
  files: FilesPanel,
  debugger: DebuggerPanel,
};

export function SidePanel(props: PanelProps) {
  const open = useOpenPanel();
  return (
    <div className="side" data-own-keys="" data-open={open ?? undefined}>
      {open && <Panel key={open} name={open} {...props} />}
      <nav className="side-nav" aria-label="Panels">
        <Tabs className="side-rail" open={open} />
      </nav>
    </div>
  );
}

/** Each is a switch: pressed again, it closes its panel. */
function Tabs({ className, open }: { readonly className: string; readonly open: string | null }) {
  return (
    <Toolbar className={className} label="Panels" isVertical={className === "side-rail"}>
      {PANELS.map(({ name, title }) => (
        <button
          key={name}
          type="button"
          className="side-tab"
          aria-pressed={open === name}
          aria-label={title}
          title={title}
          onClick={() => (open === name ? closePanel() : openPanel(name))}
        >
          <Icon name={ICONS[name]} />
        </button>
      ))}
    </Toolbar>
  );
}

function Panel({ name, ...props }: PanelProps & { readonly name: PanelName }) {
  const View = VIEWS[name];
  const title = PANELS.find((panel) => panel.name === name)?.title ?? name;
  const element = useRef<HTMLElement>(null);
  useFocusBack(element, name);

  function onKeyDown(event: KeyboardEvent) {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    closePanel();
  }

  return (
    <aside
      ref={element}
      className="panel"
      data-panel={name}
      aria-label={title}
      onKeyDown={onKeyDown}
    >
      <header className="panel-head">
        <h2>{title}</h2>
        <Tabs className="panel-tabs" open={name} />
        <Button icon="close" label={`Close ${title}`} look="quiet" onClick={closePanel} />
      </header>
      <Suspense fallback={null}>
        <View {...props} />
      </Suspense>
    </aside>
  );
}

/** A panel that goes with the focus in it gives the focus to its place in the rail. */
function useFocusBack(element: { readonly current: HTMLElement | null }, name: PanelName) {
  // Before the panel is taken away: after that nobody could tell where the focus was.
  useLayoutEffect(() => {
    const panel = element.current;
    return () => {
      if (!panel?.contains(document.activeElement)) return;
      const at = PANELS.findIndex((each) => each.name === name);
      document.querySelectorAll<HTMLElement>(".side-rail .side-tab")[at]?.focus();
    };
  }, [element, name]);
}
