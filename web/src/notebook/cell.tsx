/**
 * One cell. `CellSlot` is its place on the page and always there; `Contents` exist while the
 * cell is near the screen.
 */

import { memo, useCallback, useLayoutEffect, useRef, useState, useSyncExternalStore } from "react";
import { flushSync } from "react-dom";
import type { Execution } from "../protocol/generated";
import { useExecution } from "../store/use-session";
import { useLanguage } from "../sync/notebook-language";
import { useSource } from "../sync/use-notebook";
import { Button } from "../ui/button";
import { useWhenIdle } from "../ui/idle";
import { CellMenu } from "./cell-menu";
import { CellOutputs } from "./cell-outputs";
import { FoldMark, Grip, HiddenSource, useIsFoldedAway, useParts } from "./cell-parts";
import { keyOf } from "./commands";
import { estimatedHeight } from "./estimate";
import { ExecutionMarkView } from "./execution-mark";
import { markOf, sentenceOf } from "./execution-words";
import { MarkdownSource } from "./markdown-source";
import type { Entry } from "./notebook-view";
import { EditorSource, StillSource } from "./source-view";
import { useDesk, useView } from "./use-view";
import type { Viewport } from "./viewport";

interface SlotProps {
  readonly cellId: string;
  readonly kind: string;
  readonly number: number;
  readonly total: number;
  readonly viewport: Viewport;
}

const hasNoPointer = window.matchMedia("(hover: none)");

const NAMES: Readonly<Record<string, string>> = {
  code: "Code cell",
  markdown: "Markdown cell",
  raw: "Raw cell",
};

export const CellSlot = memo(function CellSlot(props: SlotProps) {
  const { cellId, kind, number, total, viewport } = props;
  const element = useRef<HTMLElement>(null);
  const { view, commander } = useDesk();
  const execution = useExecution(cellId);
  const text = useSource(cellId);
  const isEdited = useIsEdited(text, execution);
  const subscribe = useCallback(
    (wake: () => void) => viewport.subscribe(cellId, wake),
    [viewport, cellId],
  );
  const isNear = useSyncExternalStore(subscribe, () => viewport.isNear(cellId));
  const [isHovered, setHovered] = useState(false);
  const isActive = useView((now) => now.active === cellId);
  const isEditing = useView((now) => now.active === cellId && now.mode === "edit");
  const isSelected = useView(
    (now) =>
      now.active === cellId ||
      (now.anchor !== now.active && view.selected(commander.order).includes(cellId)),
  );

  const hasTools = useWhenIdle(isActive || isHovered || hasNoPointer.matches);
  const isFoldedAway = useIsFoldedAway(cellId);

  useLayoutEffect(() => () => viewport.forget(cellId), [viewport, cellId]);

  useLayoutEffect(() => {
    const place = element.current;
    if (!place || !isActive) return;
    if (isEditing) {
      viewport.makeReady(cellId);
      return;
    }
    if (mayTakeFocus()) place.focus({ preventScroll: true });
    place.scrollIntoView({ block: "nearest" });
  }, [viewport, cellId, isActive, isEditing]);

  const isCode = kind === "code";
  const height = isNear
    ? undefined
    : (viewport.height(cellId) ?? estimatedHeight(kind, text?.toString() ?? "", execution));
  const name = `${NAMES[kind] ?? kind} ${number}`;
  const state = isCode ? sentenceOf(execution, isEdited) : "";
  return (
    <article
      ref={element}
      className="cell"
      tabIndex={isActive ? 0 : -1}
      data-cell-id={cellId}
      data-cell-kind={kind}
      data-execution={isCode ? markOf(execution, isEdited) : "never"}
      data-active={isActive ? "" : undefined}
      data-editing={isEditing ? "" : undefined}
      data-selected={isSelected ? "" : undefined}
      data-near={isNear ? "" : undefined}
      data-folded={isFoldedAway ? "" : undefined}
      aria-label={state === "" ? name : `${name}. ${state}`}
      aria-posinset={number}
      aria-setsize={total}
      style={isFoldedAway || height === undefined ? undefined : { height }}
      onPointerEnter={() => setHovered(true)}
      onPointerLeave={() => setHovered(false)}
      onPointerDownCapture={(event) => {
        // Shift stretches the selection, wherever the other cell is pressed.
        if (!event.shiftKey || event.altKey || event.button !== 0 || isActive) return;
        event.preventDefault();
        event.stopPropagation();
        flushSync(() => view.extendTo(cellId));
      }}
      onPointerDown={(event) => {
        const target = event.target instanceof Element ? event.target : null;
        if (target?.closest(".cell-source, button, a, input, summary, [popover]")) return;
        if (event.shiftKey) view.extendTo(cellId);
        else view.select(cellId);
      }}
    >
      {isNear && !isFoldedAway && (
        <Contents
          {...props}
          name={name}
          execution={execution}
          isEdited={isEdited}
          isEditing={isEditing}
          hasTools={hasTools}
        />
      )}
    </article>
  );
});

interface ContentsProps extends SlotProps {
  readonly name: string;
  readonly execution: Execution | null;
  readonly isEdited: boolean;
  readonly isEditing: boolean;
  /** Menus and the like exist only where a pointer or the focus is: cells are many. */
  readonly hasTools: boolean;
}

function Contents(props: ContentsProps) {
  const { cellId, kind, execution, isEdited, isEditing, hasTools } = props;
  const { commander } = useDesk();
  const { outputs, hasSource } = useParts(cellId);
  const isShown = hasSource || isEditing;
  return (
    <>
      <div className="cell-rail">
        {hasTools && <Grip cellId={cellId} />}
        {kind === "code" && (
          <ExecutionMarkView cellId={cellId} execution={execution} isEdited={isEdited} />
        )}
      </div>
      <div className="cell-main">
        <div className="cell-source">
          {!isShown ? (
            <HiddenSource cellId={cellId} />
          ) : kind === "markdown" ? (
            <MarkdownSource cellId={cellId} name={props.name} isEditing={isEditing} />
          ) : (
            <CodeSource {...props} />
          )}
        </div>
        {kind === "markdown" && <FoldMark cellId={cellId} />}
        {kind === "code" && (
          <CellOutputs
            cellId={cellId}
            execution={execution}
            isHidden={outputs === "hidden"}
            scroll={outputs === "hidden" ? "auto" : outputs}
            hasTools={hasTools}
          />
        )}
      </div>
      <div className="cell-side">{hasTools && <CellMenu cellId={cellId} kind={kind} />}</div>
      {hasTools && (
        <div className="cell-gap">
          <Button
            look="quiet"
            icon="plus"
            tabIndex={-1}
            onClick={() => commander.insertAfter(cellId, "code")}
          >
            Code
          </Button>
          <Button
            look="quiet"
            icon="plus"
            tabIndex={-1}
            onClick={() => commander.insertAfter(cellId, "markdown")}
          >
            Markdown
          </Button>
        </div>
      )}
    </>
  );
}

function CodeSource({ cellId, kind, name, number, total, viewport, isEditing }: ContentsProps) {
  const text = useSource(cellId);
  const { view } = useDesk();
  const { title } = useLanguage();
  const subscribe = useCallback(
    (wake: () => void) => viewport.subscribe(cellId, wake),
    [viewport, cellId],
  );
  const isReady = useSyncExternalStore(subscribe, () => viewport.isReady(cellId));
  if (!text) return null;
  if (!isReady && !isEditing) {
    const press = (entry: Entry) => flushSync(() => view.edit(cellId, entry));
    return <StillSource text={text} kind={kind} onPress={press} />;
  }
  const key = keyOf("run-next", "+");
  const first = key ? `Type ${title}, then press ${key} to run it` : `Type ${title}`;
  const hint = kind === "raw" ? "Raw text" : total === 1 && number === 1 ? first : "";
  return (
    <EditorSource
      cellId={cellId}
      text={text}
      kind={kind}
      label={`${name}, source`}
      hint={hint}
      isEntered={isEditing}
    />
  );
}

/** Whether the text differs from what ran. */
function useIsEdited(text: ReturnType<typeof useSource>, execution: Execution | null): boolean {
  const ran = execution?.phase === "finished" ? execution.source : null;
  const subscribe = useCallback(
    (wake: () => void) => {
      if (ran === null) return () => {};
      text?.observe(wake);
      return () => text?.unobserve(wake);
    },
    [text, ran],
  );
  return useSyncExternalStore(subscribe, () => {
    if (ran === null || !text) return false;
    return text.length !== ran.length || text.toString() !== ran;
  });
}

/** A cell takes the focus from the page, buttons and other cells; not from a field or a dialog. */
function mayTakeFocus(): boolean {
  return !document.activeElement?.closest("dialog, [popover], .prompt, .log, input, textarea");
}
