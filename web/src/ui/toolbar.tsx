/**
 * Buttons in a row that are one stop for the Tab key; arrow keys go from one to the next. The
 * stop is the button that had the focus last, as long as it can have it.
 */

import { type KeyboardEvent, type ReactNode, useLayoutEffect, useRef } from "react";
import { whenIdle } from "./idle";

interface ToolbarProps {
  readonly label: string;
  readonly className?: string;
  readonly isVertical?: boolean;
  readonly children: ReactNode;
}

/** What can have the focus now; what is in a menu of a button is that menu's business. */
function stopsOf(bar: HTMLElement): HTMLElement[] {
  return [...bar.querySelectorAll<HTMLElement>("button:not(:disabled), a[href]")].filter(
    (stop) => !stop.closest("[popover]") && stop.checkVisibility({ visibilityProperty: true }),
  );
}

function keepOne(bar: HTMLElement, wanted: HTMLElement | null): void {
  const stops = stopsOf(bar);
  const current = stops.find((stop) => stop === wanted) ?? stops[0];
  for (const stop of stops) {
    const tabIndex = stop === current ? 0 : -1;
    if (stop.tabIndex !== tabIndex) stop.tabIndex = tabIndex;
  }
}

export function Toolbar({ label, className, isVertical = false, children }: ToolbarProps) {
  const element = useRef<HTMLDivElement>(null);

  useLayoutEffect(() => {
    const bar = element.current;
    if (!bar) return;
    const last = { stop: null as HTMLElement | null };
    const keep = () => keepOne(bar, last.stop);
    const onFocus = ({ target }: FocusEvent) => {
      if (target instanceof HTMLElement && !target.closest("[popover]")) last.stop = target;
      keep();
    };
    keep();
    // Which buttons can be seen is a question about the layout: it waits until there is one.
    let cancel: (() => void) | null = null;
    const keepSoon = () => {
      cancel ??= whenIdle(() => {
        cancel = null;
        keep();
      });
    };
    // Buttons come, go and are disabled without this component being drawn again; on a screen
    // that is made narrower some of them are not there.
    const changes = new MutationObserver(keepSoon);
    changes.observe(bar, { childList: true, subtree: true, attributeFilter: ["disabled"] });
    const size = new ResizeObserver(keepSoon);
    size.observe(bar);
    bar.addEventListener("focusin", onFocus);
    return () => {
      cancel?.();
      changes.disconnect();
      size.disconnect();
      bar.removeEventListener("focusin", onFocus);
    };
  }, []);

  function onKeyDown(event: KeyboardEvent) {
    const bar = element.current;
    const { target } = event;
    if (!bar || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (!(target instanceof HTMLElement) || target.closest("[popover]")) return;
    const stops = stopsOf(bar);
    const at = stops.indexOf(target);
    if (at === -1) return;
    const [back, on] = isVertical ? ["ArrowUp", "ArrowDown"] : ["ArrowLeft", "ArrowRight"];
    const next = {
      [back]: stops.at(at - 1),
      [on]: stops[(at + 1) % stops.length],
      Home: stops[0],
      End: stops.at(-1),
    }[event.key];
    if (!next) return;
    event.preventDefault();
    next.focus();
  }

  return (
    <div
      ref={element}
      role="toolbar"
      aria-label={label}
      aria-orientation={isVertical ? "vertical" : "horizontal"}
      tabIndex={-1}
      {...(className ? { className } : {})}
      onKeyDown={onKeyDown}
    >
      {children}
    </div>
  );
}
