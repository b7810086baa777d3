/** What stands under a code cell: outputs, and the prompt that waits for an answer. */

import { memo, useLayoutEffect, useMemo, useRef } from "react";
import type { ErrorActs } from "../outputs/error/error-view";
import { OutputList } from "../outputs/output-list";
import type { OutputsLook, Scroll } from "../outputs/output-tools";
import { PromptView } from "../outputs/prompt/prompt-view";
import type { Execution } from "../protocol/generated";
import { usePrompt } from "../store/use-session";
import { counted } from "../ui/words";
import { InstallOffer } from "./install-offer";
import { useDesk } from "./use-view";

const HOLD_MS = 350; // a quick re-run puts new output where the old was, without a jump

interface CellOutputsProps {
  readonly cellId: string;
  readonly execution: Execution | null;
  readonly isHidden: boolean;
  readonly scroll: Scroll;
  readonly hasTools: boolean;
}

export const CellOutputs = memo(function CellOutputs(props: CellOutputsProps) {
  const { cellId, execution, isHidden, scroll, hasTools } = props;
  const { commander } = useDesk();
  const prompt = usePrompt(cellId);
  const place = useRef<HTMLDivElement>(null);
  const items = execution?.outputs.items.length ?? 0;
  const isWaiting = items === 0 && execution !== null && execution.phase !== "finished";
  const height = useRef(0);

  useLayoutEffect(() => {
    const element = place.current;
    if (!element) return;
    if (!isWaiting) {
      element.style.minHeight = "";
      return;
    }
    element.style.minHeight = `${height.current}px`;
    const timer = setTimeout(() => {
      element.style.minHeight = "";
    }, HOLD_MS);
    return () => clearTimeout(timer);
  }, [isWaiting]);

  // Read before the outputs go, so that their place can be held.
  useLayoutEffect(() => {
    const element = place.current;
    if (!element || items === 0) return;
    const watch = new ResizeObserver(() => {
      if (element.childElementCount > 0) height.current = element.offsetHeight;
    });
    watch.observe(element);
    return () => watch.disconnect();
  }, [items]);

  const look = useMemo(
    (): OutputsLook => ({
      scroll,
      setScroll: (next) => commander.setScroll([cellId], next),
      hide: () => commander.toggle("outputs", [cellId]),
    }),
    [commander, cellId, scroll],
  );
  const errorActs = useMemo(
    (): ErrorActs => ({
      goToCell: (count, line) => commander.goToCount(count, line),
      offer: (error) => <InstallOffer cellId={cellId} error={error} />,
    }),
    [commander, cellId],
  );

  const isEmpty = items === 0 && !prompt;
  return (
    <div
      ref={place}
      className="cell-outputs"
      data-outputs=""
      data-empty={isEmpty ? "" : undefined}
      data-scroll={scroll}
    >
      {isHidden && items > 0 ? (
        <button
          type="button"
          className="outputs-hidden"
          onClick={() => commander.toggle("outputs", [cellId])}
        >
          {counted(items, "output")} hidden
        </button>
      ) : (
        execution && (
          <OutputList execution={execution} errorActs={errorActs} look={look} hasTools={hasTools} />
        )
      )}
      {prompt && (
        <PromptView
          key={prompt.prompt_id}
          prompt={prompt}
          onAnswer={(value) => commander.answer(prompt.prompt_id, value)}
          onCancel={() => commander.cancelPrompt(prompt.prompt_id)}
        />
      )}
    </div>
  );
});
